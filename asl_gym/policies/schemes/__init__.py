"""Published split-learning schemes as policies, reimplemented from their rules in this notation.

Grades say how well a rule is known: A from the text or the authors' code, B at second hand, C from
the abstract. None of the schemes has an energy budget like this project's, so each has a knob that
is swept (:mod:`asl_gym.policies.schemes.catalogue`). All numbers are this project's, none a
source's, unless said.
"""
