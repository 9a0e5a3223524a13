// The example site's own script: the newsletter's form and the planner, both as a site with Guestlog would do it.
'use strict';

const hsq = window._hsq = window._hsq || [];

// A person who signs up is identified; the next view carries the email.
const form = document.getElementById('sign-up');
if (form) {
  form.addEventListener('submit', event => {
    event.preventDefault();
    const said = new FormData(form);
    hsq.push(['identify', { email: said.get('email'), firstname: said.get('firstname') }]);
    hsq.push(['setPath', '/newsletter/thanks']);
    hsq.push(['trackPageView']);
    form.hidden = true;
    const thanks = document.getElementById('thanks');
    thanks.hidden = false;
    thanks.focus();
  });
}

// The planner changes its page without loading one, so it reports the path and then the view itself.
const planner = document.getElementById('planner');
if (planner) {
  const panels = [...planner.querySelectorAll('[data-path]')];
  const steps = [...planner.querySelectorAll('.steps li')];
  const chosen = [];

  const show = path => {
    const at = Math.max(0, panels.findIndex(panel => panel.dataset.path === path));
    panels.forEach((panel, i) => { panel.hidden = i !== at; });
    steps.forEach((step, i) => i === at ? step.setAttribute('aria-current', 'step') : step.removeAttribute('aria-current'));
    const list = document.getElementById('chosen');
    if (chosen.length) list.textContent = 'You chose: ' + chosen.join(', ') + '.';
    return panels[at].dataset.path;
  };

  const go = path => {
    history.pushState(null, '', path);
    hsq.push(['setPath', show(path)]);
    hsq.push(['trackPageView']);
  };

  planner.addEventListener('click', event => {
    const button = event.target.closest('button[data-next]');
    if (!button) return;
    if (button.dataset.next === '/planner') chosen.length = 0;
    else chosen.push(button.textContent.toLowerCase());
    go(button.dataset.next);
  });

  window.addEventListener('popstate', () => {
    hsq.push(['setPath', show(location.pathname)]);
    hsq.push(['trackPageView']);
  });

  show(location.pathname);
}
