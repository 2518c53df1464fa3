"""An invented organisation on the loopback interface, to try the product with."""

TOKEN_VARIABLE = "SCIM_APP_TOKEN"  # nosec B105  # names a variable, which no list of processes shows
"""How `demo.scim_app` is told its token; here, because whoever starts it need not load it."""
