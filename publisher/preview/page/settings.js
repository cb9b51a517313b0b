// How the page looks, kept for as long as the tab is open: its address, and with it any longer memory, is another one
// each time the preview is started.

const WIDE = 2000; // pixels of a window in which panes are shown at their full size
export const ZOOMS = [100, 75, 50];

const read = (key, missing) => JSON.parse(sessionStorage.getItem(key)) ?? missing;

export const settings = {
  zoom: read('zoom', innerWidth < WIDE ? 75 : 100),
  scheme: read('scheme', matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'),
  hidden: new Set(read('hidden', [])), // names of panes
};

export function save() {
  for (const [key, value] of Object.entries(settings)) {
    sessionStorage.setItem(key, JSON.stringify(value instanceof Set ? [...value] : value));
  }
}
