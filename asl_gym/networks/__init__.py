"""From a torch module to what it costs at each of its cuts; needs torch."""
