"""How well models of computing time predict measured timings of split networks."""
