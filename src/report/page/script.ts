/**
 * What the page does beyond showing itself: filters its lists, opens what a link points to, copies commands, and opens everything for
 * the printer. The policy of the page knows it by its hash (document.ts). It makes no markup from text.
 */
export const SCRIPT = String.raw`
(() => {
  'use strict';
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  for (const form of all('form[data-filter]')) {
    const section = form.parentElement;
    const items = [...section.querySelector('[data-list]').children];
    const output = form.querySelector('output');
    const nothing = section.querySelector('.nothing');
    const expand = form.querySelector('[data-expand]');
    const noun = form.dataset.filter;
    let texts;
    const plural = (number) => number.toLocaleString('en') + ' ' + noun + (number === 1 ? '' : 's');
    const apply = () => {
      const data = new FormData(form);
      const state = String(data.get('state') ?? '');
      const words = String(data.get('text') ?? '').toLowerCase().split(/\s+/).filter(Boolean);
      if (words.length > 0) texts ??= items.map((item) => item.textContent.toLowerCase());
      let shown = 0;
      for (const [index, item] of items.entries()) {
        const fits = (state === '' || item.dataset.state === state) && words.every((word) => texts[index].includes(word));
        if (item.hidden === fits) item.hidden = !fits;
        if (fits) shown += 1;
      }
      nothing.hidden = shown > 0;
      output.textContent = shown === items.length ? plural(shown) : shown.toLocaleString('en') + ' of ' + plural(items.length);
    };
    form.hidden = false;
    form.addEventListener('input', apply);
    form.addEventListener('submit', (event) => event.preventDefault());
    expand?.addEventListener('click', () => {
      const open = expand.dataset.open !== 'true';
      for (const item of items) if (!item.hidden) for (const one of all('details', item)) one.open = open;
      expand.dataset.open = String(open);
      expand.textContent = open ? 'Collapse all' : 'Expand all';
    });
    form.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape') return;
      form.reset();
      apply();
    });
    apply();
  }

  const search = document.querySelector('form[data-filter] input[type=search]');
  document.addEventListener('keydown', (event) => {
    const typing = event.target instanceof HTMLElement && event.target.matches('input, textarea, select');
    if (event.key !== '/' || typing || event.ctrlKey || event.metaKey || event.altKey || !search) return;
    event.preventDefault();
    search.focus();
  });

  const openTarget = () => {
    let target;
    try {
      target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    } catch {
      return;
    }
    if (!target) return;
    for (let one = target; one; one = one.parentElement) {
      if (one instanceof HTMLDetailsElement) one.open = true;
      if (one.hidden) one.hidden = false;
    }
    target.scrollIntoView();
    const focused = target instanceof HTMLDetailsElement ? target.querySelector('summary') : target;
    focused?.focus({ preventScroll: true });
  };
  addEventListener('hashchange', openTarget);
  if (location.hash.length > 1) openTarget();

  for (const block of all('.command')) {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = 'Copy';
    const said = document.createElement('span');
    said.className = 'hidden';
    said.setAttribute('role', 'status');
    button.addEventListener('click', async () => {
      const code = block.querySelector('code');
      try {
        await navigator.clipboard.writeText(code.textContent);
      } catch {
        getSelection().selectAllChildren(code);
        document.execCommand('copy');
      }
      button.textContent = 'Copied';
      said.textContent = 'The command is copied';
      setTimeout(() => {
        button.textContent = 'Copy';
        said.textContent = '';
      }, 2000);
    });
    if (block.tagName !== 'PRE') {
      block.append(' ', button, said);
      continue;
    }
    const row = document.createElement('div');
    row.className = 'row';
    block.replaceWith(row);
    row.append(block, button, said);
  }

  let closed = [];
  addEventListener('beforeprint', () => {
    closed = all('details:not([open])');
    for (const one of closed) one.open = true;
  });
  addEventListener('afterprint', () => {
    for (const one of closed) one.open = false;
    closed = [];
  });
})();
`;
