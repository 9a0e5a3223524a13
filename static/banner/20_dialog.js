// The dialog with the categories. The browser's own modal dialog keeps the focus inside, closes with Escape, makes the page behind
// it unreachable, and gives the focus back. Nothing is ticked that the visitor did not allow, unless the policy is opt-out.
function makeDialog(ticked, act) {
  const boxes = {};
  const row = (name, isFixed) => {
    const box = make('input', { id: 'hs-category-' + name, type: 'checkbox', 'aria-describedby': 'hs-category-text-' + name });
    boxes[name] = box;
    box.checked = isFixed || ticked[name];
    box.disabled = isFixed;
    return make('li', {}, [make('label', { for: box.id }, [
      make('strong', {}, [texts[name]]),
      make('small', { id: 'hs-category-text-' + name, 'aria-hidden': 'true' }, [texts[name + '_text']]),
      box
    ])]);
  };
  const link = privacyUrl && make('a', { href: privacyUrl }, [texts.privacy]);
  const dialog = make('dialog', {
    id: 'hs-modal',
    class: 'glc modal ' + scheme,
    'aria-labelledby': 'hs-modal-header',
    'aria-describedby': 'hs-modal-introduction'
  }, [
    make('div', { id: 'hs-modal-content' }, [
      make('div', { id: 'hs-modal-header', class: 'head', tabindex: -1, autofocus: '' }, [texts.reopen]),
      make('p', { id: 'hs-modal-introduction' }, [texts.dialog_lead, link && ' ', link]),
      make('ul', { id: 'hs-categories-container' }, [row('necessary', true)].concat(CATEGORIES.map(name => row(name, false)))),
      make('div', { id: 'hs-modal-footer', class: 'row' }, [
        make('div', { class: 'pair' }, [
          button('hs-modal-accept-all', 'solid accept', texts.accept_all, act.accept),
          button('hs-modal-decline-all', 'solid reject', texts.reject_all, act.reject)
        ]),
        button('hs-modal-save-settings', '', texts.save, () => act.save(name => boxes[name].checked))
      ])
    ]),
    closeButton('hs-modal-close-button', () => dialog.close())
  ]);
  return dialog;
}
