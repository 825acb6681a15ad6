import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { escapeText, html, markup, render } from '../../../../src/report/page/html.ts';

describe('the template of the page', () => {
  it('escapes what is put in, in text and in quoted attributes', () => {
    const name = `</script><img src=x onerror="alert('1')">&amp;`;
    expect(render(html`<p title="${name}">${name}</p>`)).toBe(
      '<p title="&lt;/script&gt;&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;amp;">' +
        `&lt;/script&gt;&lt;img src=x onerror="alert('1')"&gt;&amp;amp;</p>`,
    );
  });

  it('takes markup as it is, lists in their order, numbers, and nothing for what is absent', () => {
    const items = ['a', 'b'].map((one) => html`<li>${one}`);
    expect(render(html`<ul>${items}</ul>${null}${undefined}${0}${markup('<hr>')}`)).toBe('<ul><li>a<li>b</ul>0<hr>');
  });

  it('puts nothing into an attribute without quotes', () => {
    expect(() => html`<p class=${'a onclick=x'}>`).toThrow(TypeError);
  });

  it('shows what a screen would hide or reorder', () => {
    expect(escapeText('a\u202Eb\u0000c\u200Bd\u007F\ud800')).toBe('a\\u202eb\\u0000c\\u200bd\\u007f\\ud800');
    expect(escapeText('line\n\tnext')).toBe('line\n\tnext');
    expect(escapeText('שלום 🙂')).toBe('שלום 🙂');
  });

  it('escapes quotes in every attribute of a tag, and behind the tag no more', () => {
    const text = `"'`;
    expect(render(html`<a id="x${text}" href="#${text}-${text}"${null} title="${text}">${text}<b>${text}</b>`)).toBe(
      `<a id="x&quot;&#39;" href="#&quot;&#39;-&quot;&#39;" title="&quot;&#39;">"'<b>"'</b>`,
    );
  });

  it('lets no text end an element or an attribute', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(escapeText(text)).not.toMatch(/[<>"']|&(?!amp;|lt;|gt;|quot;|#39;)/);
      }),
    );
  });
});
