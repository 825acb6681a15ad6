/** What a proxy does with calls to the agent; `by` is the object that says so, or why nobody can tell. */
export type Verdict =
  | { readonly kind: 'passes' }
  | { readonly kind: 'blocks'; readonly by: string }
  | { readonly kind: 'unknown'; readonly by: string };
