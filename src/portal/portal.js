/*
 * What a script adds to pages that work without it: copy buttons, sorting of tables that are
 * complete, keyboard scrolling, and the progress of a report being built.
 */

function enableCopying() {
  if (navigator.clipboard === undefined) return;
  for (const button of document.querySelectorAll('button[data-copy]')) {
    button.hidden = false;
    button.addEventListener('click', async () => {
      await navigator.clipboard.writeText(button.dataset.copy);
      const name = button.getAttribute('aria-label');
      button.setAttribute('aria-label', 'Copied');
      button.classList.add('copied');
      setTimeout(() => {
        button.setAttribute('aria-label', name);
        button.classList.remove('copied');
      }, 1500);
    });
  }
}

const collator = new Intl.Collator('en', { numeric: true });

function sortKey(row, place) {
  const cell = row.cells[place];
  return cell.dataset.sort ?? cell.textContent.trim();
}

function sortRows(table, place, descending) {
  const body = table.tBodies[0];
  const rows = [...body.rows].map((row) => ({ row, key: sortKey(row, place) }));
  rows.sort((a, b) => (descending ? collator.compare(b.key, a.key) : collator.compare(a.key, b.key)));
  body.append(...rows.map(({ row }) => row));
}

function enableSorting() {
  for (const table of document.querySelectorAll('table[data-sortable]')) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, place) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.className = 'sort';
      button.textContent = head.textContent;
      button.addEventListener('click', () => {
        const descending = head.getAttribute('aria-sort') === 'ascending';
        for (const other of heads) other.removeAttribute('aria-sort');
        head.setAttribute('aria-sort', descending ? 'descending' : 'ascending');
        sortRows(table, place, descending);
      });
      head.replaceChildren(button);
    });
  }
}

/** A frame that scrolls sideways must be reachable with the keyboard. */
function enableKeyboardScrolling() {
  for (const frame of document.querySelectorAll('.table-frame')) {
    if (frame.scrollWidth <= frame.clientWidth) continue;
    frame.tabIndex = 0;
    frame.setAttribute('role', 'region');
    frame.setAttribute('aria-label', frame.querySelector('caption').textContent);
  }
}

/** A link to something folded away opens it. */
function openTarget() {
  const target = location.hash.length > 1 ? document.getElementById(decodeURIComponent(location.hash.slice(1))) : null;
  const folded = target?.closest('details');
  if (folded instanceof HTMLDetailsElement) folded.open = true;
}

const progressInterval = 2000;

/** One look at the progress; true while the report is still being built. */
async function showProgress(place) {
  const response = await fetch(place.dataset.progress, { headers: { accept: 'application/json' } });
  if (!response.ok) return response.status >= 500;
  const { state, step, done, total } = await response.json();
  if (state === 'ready' || state === 'failed') {
    location.reload();
    return false;
  }
  const bar = place.querySelector('progress');
  if (total > 0) {
    bar.max = total;
    bar.value = done;
  }
  const label = place.querySelector('[data-progress-step]');
  if (step && label.textContent !== step) label.textContent = step;
  return true;
}

async function followProgress(place) {
  // A service that does not answer is being restarted: the page waits for it.
  const goesOn = await showProgress(place).catch(() => true);
  if (goesOn) setTimeout(followProgress, progressInterval, place);
}

enableCopying();
enableSorting();
enableKeyboardScrolling();
openTarget();
addEventListener('hashchange', openTarget);
for (const place of document.querySelectorAll('[data-progress]')) setTimeout(followProgress, progressInterval, place);
