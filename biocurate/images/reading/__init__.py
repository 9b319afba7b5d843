"""Images for whoever looks or learns: out of a set, or drawn when they are asked for."""
