/**
 * Replaces `$(NAME)` by its value. `$$` stands for one `$`, so `$$(NAME)` stays literally `$(NAME)`; a name that
 * has no value, and a `$(` without end, stay as they are.
 */
export function expand(text: string, values: ReadonlyMap<string, string>): string {
  return text.replace(/\$\$|\$\(([^()]*)\)/g, (whole, name: string | undefined) =>
    whole === '$$' ? '$' : (values.get(name ?? '') ?? whole),
  );
}
