"""Tests of provisioning: connectors against real servers, operations and their delivery."""
