// What an edit changed, by the lines of the items in the source.

// Returns the id of the first item that changed or is new, and by id of each item which one it was: mostly the same. If the
// title was edited, its id may be another one; then it is the one that stood there and is gone.
export function findChange(before, now) {
  const [old, left] = [new Map(before.map((item) => [item.id, item])), new Set(now.map(({ id }) => id))];
  const was = new Map(now.map(({ id }, index) => {
    const there = before[index]?.id;
    return [id, old.has(id) || left.has(there) ? id : there ?? id];
  }));
  const changed = now.find(({ id, digest }) => old.get(was.get(id))?.digest !== digest)?.id;
  return { changed, was };
}

// The id that an item has now; `was` is that of `findChange`. One that is gone keeps its own.
export const findNow = (id, was) => (was.has(id) ? id : [...was].find(([, before]) => before === id)?.[0] ?? id);
