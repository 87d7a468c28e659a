// Puts what the link of a letter has behind its # into the form of the page, and takes it out of the address. Nothing is sent before somebody
// presses the button: programs that look through mail open links, too.
'use strict';
(() => {
  const values = new URLSearchParams(location.hash.slice(1));
  for (const name of ['code', 'email']) {
    const input = document.querySelector(`form input[name="${name}"]`);
    if (input && values.has(name)) {
      input.value = values.get(name);
    }
  }
  if (location.hash) {
    history.replaceState(null, '', location.pathname + location.search);
  }
})();
