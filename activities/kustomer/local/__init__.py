"""The actions of Kustomer's workflows that need no Kustomer: patterns, values, and requests to any API."""

from activities.kustomer.local.generic_regex_match import generic_regex_match
from activities.kustomer.local.rest_api_generic import rest_api_generic
from activities.kustomer.local.rest_api_json import rest_api_json
from activities.kustomer.local.transform_generic import transform_generic

LOCAL = (generic_regex_match, transform_generic, rest_api_generic, rest_api_json)
