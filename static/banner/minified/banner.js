((e,t,n,r,i,a,o,s)=>{"use strict";let c=window,l=document,u=[`analytics`,`advertisement`,`functionality`],d=(e,t,n)=>{let r=l.createElement(e);return Object.keys(t).forEach(e=>r.setAttribute(e,t[e])),(n||[]).forEach(e=>e&&r.appendChild(e.nodeType?e:l.createTextNode(e))),r},f=(e,t,n,r)=>{let i=d(`button`,{id:e,type:`button`,class:t},[n]);return i.addEventListener(`click`,r),i},p=(t,n)=>{let r=f(t,`close`,``,n);return r.setAttribute(`aria-label`,e.close),r},m=()=>{let e=(`.glc.glc.glc{all:initial;--text:#1c1d1f;--soft:#55575c;--ground:#fff;--edge:#d9dadd;--strong:#85878d;color-scheme:light;font:400 1em/1.5 system-ui,sans-serif;color:var(--hs-banner-text-color,var(--text));text-align:start;-webkit-text-size-adjust:100%}
.glc.glc.glc.dark{--text:#eeeeec;--soft:#b4b6bb;--ground:#1e2023;--edge:#3b3e44;--strong:#7c8088;color-scheme:dark}
@media (prefers-color-scheme:dark){.glc.glc.glc.automatic{--text:#eeeeec;--soft:#b4b6bb;--ground:#1e2023;--edge:#3b3e44;--strong:#7c8088;color-scheme:dark}}
.glc.glc.glc::before,.glc.glc.glc::after{all:revert}
.glc.glc.glc *,.glc.glc.glc *::before,.glc.glc.glc *::after{all:revert;box-sizing:border-box}
.glc.glc.glc.parent{position:fixed;display:block;box-sizing:border-box;inset:auto 0 0;z-index:2147483647;width:100%;max-height:100%;padding:1em;overflow:visible;pointer-events:none}
.glc.glc.glc.parent.top{inset:0 0 auto}
.glc.glc.glc.parent.centre{inset:0;height:100%;display:flex;align-items:center}
.glc.glc.glc .card,.glc.glc.glc.modal{display:block;position:relative;box-sizing:border-box;width:var(--hs-banner-width,100%);max-width:68em;max-height:calc(100vh - 2.25em);margin:0 auto;padding:1.25em 1.5em;overflow:auto;overscroll-behavior:contain;pointer-events:auto;font-size:var(--hs-banner-font-size,.9375em);background:var(--hs-banner-color,var(--ground));border:1px solid var(--edge);border-radius:var(--hs-banner-corners,.75em);box-shadow:0 .25em 2em rgb(0 0 0/.18)}
.glc.glc.glc.bottom-left .card,.glc.glc.glc.bottom-right .card{max-width:27em;margin:0}
.glc.glc.glc.bottom-right .card{margin-left:auto}
.glc.glc.glc.bottom-left .card{margin-right:auto}
.glc.glc.glc.centre .card{max-width:34em}
.glc.glc.glc .card:focus,.glc.glc.glc .head:focus{outline:0}
.glc.glc.glc .head{display:block;margin:0;padding-inline-end:2.5em;font-weight:600;font-size:1.0625em}
.glc.glc.glc p{margin:.25em 0 0;max-width:62em;overflow-wrap:anywhere}
.glc.glc.glc a{color:inherit;text-decoration:underline;text-underline-offset:.15em;cursor:pointer}
.glc.glc.glc .row{display:flex;flex-wrap:wrap;gap:.625em;margin-top:1em}
.glc.glc.glc .row > *{flex:1 1 100%}
.glc.glc.glc button{font:inherit;font-weight:500;min-height:2.75em;min-width:9em;margin:0;padding:.5em 1.25em;color:inherit;background:none;border:1px solid var(--strong);border-radius:var(--hs-banner-button-corners,.5em);cursor:pointer}
.glc.glc.glc .solid{color:var(--on);background:var(--fill);border-color:var(--line)}
.glc.glc.glc .accept{--fill:var(--hs-banner-accept-color,var(--hs-banner-accentColor,var(--glc-accent)));--on:var(--hs-banner-accept-text-color,var(--glc-on-accent));--line:var(--hs-banner-accept-border-color,var(--fill))}
.glc.glc.glc .reject{--fill:var(--hs-banner-decline-color,var(--hs-banner-accentColor,var(--glc-accent)));--on:var(--hs-banner-decline-text-color,var(--glc-on-accent));--line:var(--hs-banner-decline-border-color,var(--fill))}
.glc.glc.glc .pair{display:grid;grid-template-columns:1fr 1fr;gap:.625em}
.glc.glc.glc button:hover{text-decoration:underline;text-underline-offset:.2em}
.glc.glc.glc :focus-visible{outline:3px solid var(--text);outline-offset:2px;border-radius:.25em}
.glc.glc.glc button:focus-visible{border-radius:var(--hs-banner-button-corners,.5em)}
.glc.glc.glc .close{position:absolute;top:.625em;inset-inline-end:.625em;display:grid;place-items:center;min-width:0;width:2.75em;padding:0;border:0}
.glc.glc.glc .close::before,.glc.glc.glc .close::after{content:"";grid-area:1/1;width:1.125em;border-top:2px solid;transform:rotate(45deg)}
.glc.glc.glc .close::after{transform:rotate(-45deg)}
.glc.glc.glc.modal{position:fixed;inset:0;margin:auto;width:calc(100% - 2em);max-width:36em;height:fit-content;z-index:2147483647}
.glc.glc.glc.modal:not([open]){display:none}
.glc.glc.glc::backdrop{all:revert;background:none}
.glc.glc.glc.modal::backdrop{background:rgb(0 0 0/.5)}
.glc.glc.glc ul{list-style:none;margin:1em 0 0;padding:0}
.glc.glc.glc li{display:block;border-top:1px solid var(--edge)}
.glc.glc.glc label{display:grid;grid-template-columns:1fr auto;column-gap:1em;align-items:center;padding:.75em 0;cursor:pointer}
.glc.glc.glc strong{font-weight:600}
.glc.glc.glc small{grid-column:1;font-size:.9333em;color:var(--soft)}
.glc.glc.glc input{grid-area:1/2/3/3;width:1.5em;height:1.5em;margin:.25em;accent-color:var(--glc-accent);cursor:pointer}
.glc.glc.glc.reopen{position:fixed;display:block;inset:auto auto 1em 1em;z-index:2147483646;overflow:visible}
.glc.glc.glc.reopen button{min-height:2.5em;min-width:0;padding:.25em 1em;font-size:.875em;color:var(--text);background:var(--ground);border-color:var(--strong);box-shadow:0 .125em .75em rgb(0 0 0/.15)}
@media (min-width:30em){.glc.glc.glc.bar .row > *{flex:none}}
@media (min-width:56em){.glc.glc.glc.bar .inner{display:grid;grid-template-columns:1fr auto;column-gap:2.5em;align-items:center;padding-inline-end:2em}.glc.glc.glc.bar .row{margin:0;flex-wrap:nowrap}}
@media (max-width:30em){.glc.glc.glc.parent{padding:.5em}.glc.glc.glc .card,.glc.glc.glc.modal{padding:1em;max-height:calc(100vh - 1.25em)}.glc.glc.glc.bottom-left .card,.glc.glc.glc.bottom-right .card{max-width:none}.glc.glc.glc.modal{width:calc(100% - 1em)}.glc.glc.glc .pair button{min-width:0;padding-inline:.5em}}
@media (prefers-reduced-motion:no-preference){.glc.glc.glc .card,.glc.glc.glc.modal[open]{animation:glc .18s ease-out}}
@media (forced-colors:active){.glc.glc.glc .solid{border-color:ButtonText}}
@media print{.glc.glc.glc.glc{display:none}}
@keyframes glc{from{opacity:0;transform:translateY(.5em)}}
.glc.glc.glc{--glc-accent:`+a+`;--glc-on-accent:`+o+`}`).split(`
`),t;try{t=new CSSStyleSheet,l.adoptedStyleSheets=l.adoptedStyleSheets.concat(t)}catch(e){t=l.head.appendChild(d(`style`,{})).sheet}return t&&e.forEach(e=>{try{t.insertRule(e,t.cssRules.length)}catch(e){}}),t},h=e=>(g=g||m(),g||(e.style.cssText=`position:fixed;inset:auto 0 0;z-index:2147483647;padding:1em;background:#fff;color:#000`),e.lang=t,e.dir=n?`rtl`:`ltr`,l.documentElement.insertBefore(e,l.body)),g,_=e=>{e.showPopover&&(e.setAttribute(`popover`,`manual`),e.showPopover())},v=(t,n,a,o)=>{let c=a||t==2,l=a?e.gpc:t==2?e.notify:t>4?e.opt_out:t==4?e.by_category:e.opt_in,u=s&&d(`a`,{href:s},[e.privacy]),m=c?[f(`hs-eu-confirmation-button`,`solid accept`,e.understood,o.close)]:[d(`div`,{id:`hs-eu-cookie-confirmation-button-group`,class:`pair`},[f(`hs-eu-confirmation-button`,`solid accept`,n?e.accept_all:e.accept,o.accept),f(`hs-eu-decline-button`,`solid reject`,n?e.reject_all:e.reject,o.reject)]),n&&f(`hs-eu-cookie-settings-button`,``,e.choose,o.choose)],h=d(`div`,{id:a?`hs-banner-gpc`:`hs-eu-cookie-confirmation`,class:`card`,role:`dialog`,"aria-labelledby":`hs-eu-header`,"aria-describedby":`hs-eu-policy-wording`,tabindex:-1},[d(`div`,{id:`hs-eu-cookie-confirmation-inner`,class:`inner`},[d(`div`,{},[d(`div`,{id:`hs-eu-header`,class:`head`},[e.heading]),d(`p`,{id:`hs-eu-policy-wording`},[l,u&&` `,u])]),d(`div`,{id:`hs-en-cookie-confirmation-buttons-area`,class:`row`},m)]),!c&&p(`hs-eu-close-button`,o.close)]);h.addEventListener(`keydown`,e=>{e.key==`Escape`&&o.close()});let g=/^(top|bottom)$/.test(r)?r+` bar`:r;return d(`div`,{id:`hs-banner-parent`,class:`glc parent `+i+` `+g},[h])},y=(t,n)=>{let r={},a=(n,i)=>{let a=d(`input`,{id:`hs-category-`+n,type:`checkbox`,"aria-describedby":`hs-category-text-`+n});return r[n]=a,a.checked=i||t[n],a.disabled=i,d(`li`,{},[d(`label`,{for:a.id},[d(`strong`,{},[e[n]]),d(`small`,{id:`hs-category-text-`+n,"aria-hidden":`true`},[e[n+`_text`]]),a])])},o=s&&d(`a`,{href:s},[e.privacy]),c=d(`dialog`,{id:`hs-modal`,class:`glc modal `+i,"aria-labelledby":`hs-modal-header`,"aria-describedby":`hs-modal-introduction`},[d(`div`,{id:`hs-modal-content`},[d(`div`,{id:`hs-modal-header`,class:`head`,tabindex:-1,autofocus:``},[e.reopen]),d(`p`,{id:`hs-modal-introduction`},[e.dialog_lead,o&&` `,o]),d(`ul`,{id:`hs-categories-container`},[a(`necessary`,!0)].concat(u.map(e=>a(e,!1)))),d(`div`,{id:`hs-modal-footer`,class:`row`},[d(`div`,{class:`pair`},[f(`hs-modal-accept-all`,`solid accept`,e.accept_all,n.accept),f(`hs-modal-decline-all`,`solid reject`,e.reject_all,n.reject)]),f(`hs-modal-save-settings`,``,e.save,()=>n.save(e=>r[e].checked))])]),p(`hs-modal-close-button`,()=>c.close())]);return c};c.__guestlogBanner=t=>{let n=t.policy,r={},a,o;function s(e){r[e]&&r[e].remove(),r[e]=0}function c(){r.dialog&&r.dialog.close(),s(`dialog`),s(`banner`),s(`reopen`),a&&a.focus(),a=0}function p(e,n){let r={};u.forEach(t=>r[t]=!!e(t)),c(),t.choose(r,n)}let m={accept:()=>p(()=>!0,`accept`),reject:()=>p(()=>!1,`reject`),save:e=>p(e,`save`),choose:()=>b(),close(){if(n.type>4&&!n.gpc)return p(()=>!0,`close`);c(),t.dismiss()}};function g(e){r.banner||(o=r.reopen&&r.reopen.contains(l.activeElement),s(`reopen`),e&&(a=l.activeElement),r.banner=h(v(n.type,n.isByCategory,n.gpc,m)),_(r.banner),e&&r.banner.firstChild.focus())}function b(){if(r.dialog)return;let e=y(t.current||(n.type>4?{analytics:1,advertisement:1,functionality:1}:{}),m);r.dialog=h(e),e.addEventListener(`close`,()=>r.dialog==e&&s(`dialog`)),e.showModal?e.showModal():e.setAttribute(`open`,``)}function x(t){if(r.reopen)return;let n=f(`hs-reopen-button`,``,e.reopen,t);r.reopen=h(d(`div`,{id:`hs-reopen`,class:`glc reopen `+i,role:`region`,"aria-label":e.reopen},[n])),o&&n.focus(),o=0}return{show:g,hide:c,showDialog:b,showReopen:x}}})(GUESTLOG_BANNER);
