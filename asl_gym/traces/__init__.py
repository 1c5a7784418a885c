"""An episode's luck: the channel, traces and their sources, and what is not shown of them."""
