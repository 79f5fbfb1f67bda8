"""Demonstrations and mappings of other programs: Weka and Wekinator, FluCoMa."""
