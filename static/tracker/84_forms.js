// Forms by which visitors say who they are. Of a form that is sent, five named fields are read: email, first and last
// name, phone, company. Passwords, cards, hidden fields and all others never leave the page, and without consent nothing
// is read. An account is served this part only when it collects forms.
const IGNORED = '[data-guestlog-ignore]';
// What is read, by the field's `autocomplete`, or by what the page calls it in letters alone.
const READ = [
  ['email', /^email$/, /e?mail/],
  ['firstname', /^given-name$/, /^(first|given|fore|vor|voor)na(me?|am)$|^fname$|^prenom$/],
  ['lastname', /^family-name$/, /^(last|family|sur|nach|achter)na(me?|am)$|^lname$|^nom$/],
  ['phone', /^tel(-national)?$/, /phone|mobile|telefo|^tel$/],
  ['company', /^organization$/, /compan(y|ie)|organi[sz]ation|^firma|^bedrijf|^societe/]
];
const NEVER_READ = /pass|pwd|kennwort|wachtwoord|secret|token|otp|pin\b|code|card|karte|kaart|\bcc|cv[cv2]|csc|expir|iban|ssn|account/;
const VALUE_MAX = 256;

function attributeOf(element, name) {
  return (w.Element.prototype.getAttribute.call(element, name) || '').toLowerCase();
}

function isIgnored(element) {
  return w.Element.prototype.closest.call(element, IGNORED);
}

// A card number is longer than most phone numbers, and has no sign before it.
function isNumberOfCard(value) {
  return value.replace(/\D/g, '').length > 12 && !/^\D*[+0]/.test(value);
}

function readField(said, field) {
  const value = (field.value || '').trim();
  // A page may show a password as text, so the type alone decides nothing.
  if (field.tagName != 'INPUT' || !/^(text|email|tel)$/.test(field.type) || !value || value.length > VALUE_MAX) return;
  if (isIgnored(field) || !field.getClientRects().length || isNumberOfCard(value)) return;
  const auto = attributeOf(field, 'autocomplete').split(' ').pop();
  const called = map(['name', 'id', 'aria-label', 'placeholder'], name => attributeOf(field, name).replace(/[^a-z]/g, ''));
  if (NEVER_READ.test(join(called, ' ') + ' ' + auto)) return;
  const kind = filter(READ, kind => kind[1].test(auto) || kind[0] == field.type ||
    filter(called, name => kind[2].test(name))[0])[0];
  if (!kind || said[kind[0]] || kind[0] == 'email' && !/^\S+@\S+\.\S+$/.test(value)) return;
  said[kind[0]] = value;
}

// The form's own properties may be hidden by fields of their names. Who gives no email says not who he is.
readForm = form => safe(() => {
  const said = {};
  if (!on() || isIgnored(form)) return;
  each(w.Reflect.get(w.HTMLFormElement.prototype, 'elements', form), field => safe(readField, said, field));
  return said.email && [attributeOf(form, 'id') || attributeOf(form, 'name'), said];
});

sendForm = (read, happened) => {
  if (!read || !on()) return;
  keep(assign(assign(hitOf('form'), happened || moment()), { n: read[0], p: read[1], t: title() || undefined }));
  flush();
};
