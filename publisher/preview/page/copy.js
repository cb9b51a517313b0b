// Copies the WeChat article as rich text, byte for byte as the API would get it. `navigator.clipboard.write` would not
// do: browsers clean the HTML that it is given.

export function copyArticle(html, doc) {
  let isDone = false;
  const put = (event) => {
    event.preventDefault();
    event.stopImmediatePropagation();
    event.clipboardData.setData('text/html', html);
    event.clipboardData.setData('text/plain', doc.body.innerText);
    isDone = true;
  };
  document.addEventListener('copy', put, { capture: true, once: true });
  document.execCommand('copy');
  document.removeEventListener('copy', put, { capture: true });
  return isDone;
}
