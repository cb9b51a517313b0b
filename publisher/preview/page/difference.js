// Where two documents differ. Most of a new rendering is what was there before, and comparing nodes is much faster than
// morphing them.

const MAX_PLACES = 8; // more of them are rather moved than changed

const isAlike = (one, other) => one.nodeType === Node.ELEMENT_NODE && other.nodeType === Node.ELEMENT_NODE
  && one.localName === other.localName && one.id === other.id;

const sameAttributes = (one, other) => one.attributes.length === other.attributes.length
  && [...one.attributes].every(({ name, value }) => other.getAttribute(name) === value);

// Returns the smallest pairs of elements, [old, fresh], that differ; all else is equal in both.
export function findDifferences(old, fresh) {
  if (old.isEqualNode(fresh)) return [];
  const [olds, news] = [[...old.childNodes], [...fresh.childNodes]];
  if (olds.length !== news.length || !sameAttributes(old, fresh)) return [[old, fresh]];
  const changed = olds.map((node, index) => [node, news[index]]).filter(([one, other]) => !one.isEqualNode(other));
  if (changed.length > MAX_PLACES || !changed.every(([one, other]) => isAlike(one, other))) return [[old, fresh]];
  return changed.flatMap(([one, other]) => findDifferences(one, other));
}
