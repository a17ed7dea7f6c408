"""Bad calls whose argument is of the right type and wrong nevertheless."""

BY_HAND = []
