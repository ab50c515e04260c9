"""Automations that the tests of the client side run."""

from __future__ import annotations

GREET = """
    name: greet
    trigger: {event: order.paid, data: [order]}
    actions:
      - label: Say hello
        actionType: http_request
        config: {method: POST, url: RECEIVER/echo, body: {total: "{{order.total}}"}, idempotent: true}
        saveAs: answer
"""

PICKY = """
    name: picky
    trigger: {event: order.paid, data: [order]}
    conditions: {all: [{field: order.total, operator: greater_than, value: 60}]}
    actions:
      - label: Say hello
        actionType: http_request
        config: {method: POST, url: RECEIVER/echo, body: {}, idempotent: true}
"""

OTHER = """
    name: other
    trigger: {event: order.lost, data: [order]}
    actions:
      - label: Say hello
        actionType: http_request
        config: {method: POST, url: RECEIVER/echo, body: {}, idempotent: true}
"""

HELD = """
    name: held
    trigger: {event: order.paid, data: [order]}
    actions:
      - label: Refund the order
        id: refund
        actionType: http_request
        config: {method: POST, url: RECEIVER/echo, body: {total: "{{order.total}}"}, idempotent: true}
        requireApproval: {approvers: [lead@example.com], expiresAfter: 1h}
"""

FAILS = """
    name: fails
    trigger: {event: order.paid, data: [order]}
    actions:
      - label: Ask the shop
        actionType: http_request
        config: {method: GET, url: RECEIVER/missing}
"""

PARKS = """
    name: parks
    trigger: {event: order.paid, data: [order]}
    actions:
      - label: Ask the shop
        id: ask
        actionType: http_request
        config: {method: GET, url: RECEIVER/missing}
        onFailure: hold
"""

WAITS = """
    name: waits
    trigger: {event: order.paid, data: [order]}
    actions:
      - label: Let it rest
        wait: 1h
"""
