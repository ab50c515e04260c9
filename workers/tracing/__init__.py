"""OpenTelemetry traces, from the request at the gateway to the vendor's answer; off, none of it is loaded."""
