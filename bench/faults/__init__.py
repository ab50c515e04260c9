"""A storm: runs while vendors, workers, gateways and Temporal fail; `make faults`."""
