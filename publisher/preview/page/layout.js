// The sizes of the panes: phones have the proportions of phones, whatever the zoom, and nothing is wider than its window.

const PHONE = { below: 450, height: 812 }; // a window of a phone, in CSS pixels
const DESK = { above: 800, zoom: 0.5 }; // a window of a desk is shown at half its size
const TEXT_WIDTH = 480; // of a pane without a width of its own
const AROUND = 88; // pixels above and below the screen of a pane

// Returns the size of the window of a pane, its scale, and whether it is a phone. `room` is the height for all panes.
export function measurePane({ width }, textWidth, room, zoom) {
  const across = width || textWidth || TEXT_WIDTH;
  const isPhone = width > 0 && width < PHONE.below;
  const scale = zoom * (width > DESK.above ? DESK.zoom : 1);
  const height = Math.min((room - AROUND) / scale, isPhone ? PHONE.height : Infinity);
  return { width: across, height, scale, isPhone };
}
