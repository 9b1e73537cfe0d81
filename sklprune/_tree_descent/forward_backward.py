"""Up to many leaves and back to few: the models that are met on the way.

Leaves that come first are those that say most alone; later ones make many of them
useless, together with the splits above. On the way up they stay where they only pay
their price. On the way back, as prices rise, what the others say as well leaves first,
and what has come late may stay: models of the same size are met that say more.

References
----------
Zhang, Adaptive forward-backward greedy algorithm for learning sparse representations,
IEEE Transactions on Information Theory 57, 2011.
"""

import numpy as np

#: how much cheaper a leaf is at each step
STEP = 1.3
#: the first way back begins at as many leaves, each further one at this many times more
FIRST_TURN, FURTHER = 100, 4


class Trail:
    """Models that are met while a descent goes up and down.

    Parameters
    ----------
    descent : Descent
    up : callable
        `up(price)` lets leaves in, chooses what stands anew, and says whether there was
        room for more.
    down : callable
        `down(price)` chooses what stands anew at a price that has risen.
    turns_up_to : float
        No way back begins at more leaves.
    stride : int, default=1
        Steps that are taken at once as long as nothing stands.
    """

    def __init__(self, descent, up, down, turns_up_to, stride=1):
        self.descent, self.up, self.down = descent, up, down
        self.turns_up_to, self.stride = turns_up_to, stride
        self.met = []

    def walk(self, price, least, limit):
        """Go up at falling prices, and back from time to time.

        Parameters
        ----------
        price : float
            The first one.
        least : float
            No leaf costs less than this share of what a leaf of pure noise brings.
        limit : float
            The way ends beyond as many leaves.

        Returns
        -------
        list of Ensemble
            Ascending in leaves, each saying more than all that are smaller.
        """
        descent, turn = self.descent, FIRST_TURN
        while price > least * descent.noise() and self.up(price):
            if descent.standing:
                self._record()
            n_leaves = descent.n_leaves
            if turn <= n_leaves <= self.turns_up_to:
                self._go_back(price)
                while turn <= n_leaves:
                    turn *= FURTHER
            if n_leaves > limit:
                break
            price /= STEP if descent.standing else STEP**self.stride
        return self._front()

    def _go_back(self, price):
        """Go back until nothing stands; then the descent is where it was."""
        state = self.descent.state()
        while self.descent.standing:
            price *= STEP
            self.down(price)
            if self.descent.standing:
                self._record()
        self.descent.resume(state)

    def _record(self):
        self.met.append((self.descent.ensemble(), self.descent.objective()))

    def _front(self):
        """Those that say more than all that have no more leaves."""
        sizes = [model.n_leaves for model, _ in self.met]
        left = np.array([objective for _, objective in self.met])
        order = np.lexsort((left, sizes))
        least = np.minimum.accumulate(np.append(np.inf, left[order]))
        return [self.met[i][0] for i in order[left[order] < least[:-1]]]
