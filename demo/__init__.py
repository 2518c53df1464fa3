"""An invented organisation on the loopback interface, to try the product with."""

TOKEN_VARIABLE = "SCIM_APP_TOKEN"  # nosec B105  # names a variable, which no list of processes shows
"""How `demo.scim_app` is told its token; here, because whoever starts it need not load it."""
SECRET_VARIABLE = "COST_CENTRES_SECRET"  # nosec B105  # names a variable as well
"""How it is told the secret of the custom extension that it plays beside; without one it plays none."""
