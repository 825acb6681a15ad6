import type { KnownSoftwareRow } from '../model/known-software/known-software.ts';
import { KNOWN_SOFTWARE } from '../model/known-software/table.ts';

const INTRODUCTION = `# Known software

What projects say of their own versions and EKS Pod Identity. \`podshift plan\` compares the images of every container, init and side
ones too, with this table: a version below a stated minimum is a blocker (PS329), a version that was reported to fail a warning
(PS330). Where the version is not known (a digest, \`latest\`), or a person has to see whether a report is about it, it is said
once (PS331, PS332). A report is no promise about the next version.

Give podshift what you know beyond it, or know better, with \`--known-software FILE\`: a list in YAML or JSON of rows in this form.
A row of yours about an image stands in for those of this table about it.

\`\`\`yaml
- images: ["**/platform/uploader"]      # last segments of the repository; ** for any registry and path, * within a segment
  minimum: "4.2"                        # the first version that works
  failedUpTo: "4.1"                     # or the last one that was seen to fail, with "reported"
  reported: "4.1, in our staging cluster"
  open: false                           # true where later versions fail too, as far as anybody knows
  condition: ""                         # such as "where the plugin x is installed"
  source: https://wiki.example.com/uploader
  note: ""
\`\`\`

Libraries are known by the user agents that CloudTrail shows (PS328); their minimums stand in the EKS User Guide.
`;

/** The text of docs/known-software.md, made of the table. */
export function knownSoftwarePage(): string {
  const rows = [...KNOWN_SOFTWARE].sort((a, b) => (a.images.join() < b.images.join() ? -1 : 1));
  return [
    INTRODUCTION,
    '| image | needs | reported to fail | note | source |',
    '| --- | --- | --- | --- | --- |',
    ...rows.map(line),
    '',
  ].join('\n');
}

function line({ images, minimum, failedUpTo, reported, condition, note, source }: KnownSoftwareRow): string {
  const report = [reported, condition].filter((part) => part !== '').join(', ');
  const upTo = failedUpTo === null ? '' : `up to ${failedUpTo}: `;
  return `| ${images.map((image) => `\`${image}\``).join(', ')} | ${minimum ?? ''} | ${report === '' ? '' : `${upTo}${report}`} | ${note} | <${source}> |`;
}
