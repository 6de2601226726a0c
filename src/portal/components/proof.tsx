import type { JSX } from 'preact';
import type { RecordDetailView } from '../views.js';
import { Facts } from './facts.js';
import { countOf, countText } from './figures.js';
import { CopyButton } from './identifier.js';
import { CodeBlock, JsonText } from './json-text.js';
import { Panel } from './panel.js';

/** What proves that an entry is in the log, whole, so that it can be taken away and checked. */
export function Proof({ view: { index, proof } }: { readonly view: RecordDetailView }): JSX.Element {
  return (
    <Panel
      id="proof"
      title="Proof"
      note={`That entry ${countText(index)} is in the log of ${countOf(proof.treeSize, 'entry', 'entries')} whose signed checkpoint stands below (RFC 6962, SHA-256).`}
    >
      <Facts
        facts={[
          { term: 'Index', is: <code>{index}</code> },
          { term: 'Leaf hash', is: <Hash value={proof.leafHash} name="leaf hash" /> },
          { term: 'Payload hash', is: <Hash value={proof.payloadHash} name="payload hash" /> },
          { term: 'Salt', is: <Hash value={proof.salt} name="salt" /> },
          { term: 'Root hash', is: <Hash value={proof.rootHash} name="root hash" /> },
          {
            term: `Inclusion proof, ${countOf(proof.path.length, 'hash', 'hashes')}`,
            is: (
              <ol class="hashes">
                {proof.path.map((hash) => (
                  <li>
                    <code>{hash}</code>
                  </li>
                ))}
              </ol>
            ),
          },
        ]}
      />
      <h3>Leaf</h3>
      <JsonText text={proof.leaf} label="Leaf" />
      <h3>Checkpoint</h3>
      <CodeBlock label="Signed checkpoint" copy={proof.checkpoint}>
        {proof.checkpoint}
      </CodeBlock>
    </Panel>
  );
}

function Hash({ value, name }: { readonly value: string; readonly name: string }): JSX.Element {
  return (
    <span class="identifier">
      <code class="whole">{value}</code>
      <CopyButton value={value} name={name} />
    </span>
  );
}
