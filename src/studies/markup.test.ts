/** Checks that values are escaped in text and attributes and that markup nests. */
import { describe, expect, it } from "vitest";
import { markup, markupText, trusted } from "./markup.ts";

describe("markup", () => {
  it("escapes every value, in text and in attributes", () => {
    const evil = `"><script>alert('x')</script>&`;
    expect(markupText(markup`<a title="${evil}">${evil}</a>`)).toBe(
      '<a title="&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;">' +
        "&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;</a>",
    );
  });

  it("nests markup and lists without escaping twice", () => {
    const items = ["a<b", "c"].map((item) => markup`<li>${item}</li>`);
    expect(markupText(markup`<ul>${items}</ul>${trusted("<hr>")}`)).toBe(
      "<ul><li>a&lt;b</li><li>c</li></ul><hr>",
    );
  });

  it("leaves nothing for nothing, and keeps zero", () => {
    expect(markupText(markup`[${null}${undefined}${false}${0}${1.5}]`)).toBe("[01.5]");
  });
});
