// The events of the server: one connection for each visible tab, closed while the tab is hidden.

const SILENCE = 40_000; // ms; the server sends something every 15 s
const GRACE = 1_500; // ms in which a lost connection may come back unnoticed

export function connect({ onState, onLive, onGone }) {
  let source;
  let silence;
  let grace;

  const hear = () => {
    clearTimeout(silence);
    clearTimeout(grace);
    grace = undefined;
    silence = setTimeout(onGone, SILENCE);
    onLive();
  };

  const close = () => {
    source?.close();
    source = undefined;
    clearTimeout(silence);
    clearTimeout(grace);
    grace = undefined;
  };

  const open = () => {
    close();
    source = new EventSource('/events');
    source.addEventListener('state', ({ data }) => { hear(); onState(JSON.parse(data)); });
    source.addEventListener('ping', hear);
    source.addEventListener('error', () => {
      grace ??= setTimeout(onGone, GRACE);
      if (source?.readyState === EventSource.CLOSED) setTimeout(() => document.hidden || open(), GRACE); // refused, and not tried again by itself
    });
  };

  document.addEventListener('visibilitychange', () => (document.hidden ? close() : open()));
  addEventListener('pagehide', close);
  open();
}
