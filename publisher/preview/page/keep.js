// What a person did in a document, kept when a new rendering takes the place of the old one: quotes that were unfolded,
// and the focus. Afterwards an element may be another one, or have another text; to a person it is the same if it begins
// with the same text.

const OPENABLE = 'input[type=checkbox], details';
const openName = (element) => (element.localName === 'input' ? 'checked' : 'open');

function describe(element) {
  const { textContent } = element.localName === 'input' ? element.parentElement : element;
  return [element.localName, element.getAttribute('href'), textContent.slice(0, 20)].join('\n');
}

// Returns the function that restores it.
export function remember(doc) {
  const opened = new Set([...doc.querySelectorAll(OPENABLE)].filter((one) => one[openName(one)]).map(describe));
  const focused = document.activeElement?.contentDocument === doc ? doc.activeElement : doc.body;
  const mark = focused === doc.body ? '' : describe(focused);
  return () => {
    for (const element of doc.querySelectorAll(OPENABLE)) {
      if (opened.has(describe(element))) element[openName(element)] = true;
    }
    if (!mark || describe(doc.activeElement) === mark) return;
    const same = [...doc.querySelectorAll(focused.localName)].find((element) => describe(element) === mark);
    same?.focus({ preventScroll: true });
  };
}
