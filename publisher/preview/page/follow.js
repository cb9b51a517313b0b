// Scrolling by items: where one pane must be scrolled to so that it shows what another shows.

export const LINE = 72; // pixels below the top of a pane, where the item that is looked at begins

// Where a pane is scrolled to when each item is at the line: from its top to its end, ascending.
export function findStops(tops, max) {
  const stops = [0];
  for (const top of tops) stops.push(Math.max(stops.at(-1), Math.min(max, Math.max(0, top - LINE))));
  return [...stops, Math.max(max, stops.at(-1))];
}

// The position in `to` that is as far between the same two stops as `at` is in `from`.
export function carry(at, from, to) {
  let index = 0;
  while (index + 2 < from.length && from[index + 1] <= at) index += 1;
  const span = from[index + 1] - from[index];
  const part = span > 0 ? Math.min(1, Math.max(0, (at - from[index]) / span)) : 1;
  return to[index] + part * (to[index + 1] - to[index]);
}

// Scrolls `follower` to what `leader` shows, by the items that are in both.
export function follow(leader, follower) {
  const theirs = follower.tops();
  const [from, to] = [[], []];
  for (const [id, top] of leader.tops()) {
    if (!theirs.has(id)) continue;
    from.push(top);
    to.push(theirs.get(id));
  }
  follower.scrollTo(carry(leader.scrolled, findStops(from, leader.maxScroll), findStops(to, follower.maxScroll)));
}
