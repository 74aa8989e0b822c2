"""Makes the synchrophasor package (1.0.0a0) importable and usable on Pythons after 3.9."""
import collections
import collections.abc

# synchrophasor.frame looks for this name, which left the collections module in Python 3.10.
collections.Sequence = collections.abc.Sequence
