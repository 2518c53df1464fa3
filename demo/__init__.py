"""An invented organisation on the loopback interface, to try the product with."""
