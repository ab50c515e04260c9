"""The actions of Kustomer's workflows, under their own names."""

from activities.kustomer.local import LOCAL

ACTIONS = (*LOCAL,)
