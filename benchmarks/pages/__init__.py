"""Tables, figures and pictures of the README and of ``docs/``, written and checked by command."""
