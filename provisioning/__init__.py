"""Making it so: connectors, grants with their reasons, and the operations that carry them out in target systems."""
