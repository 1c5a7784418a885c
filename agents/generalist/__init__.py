"""One agent for any network, fleet and link: it scores options by what they would cost."""
