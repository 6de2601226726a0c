import type { JSX } from 'preact';
import { EmptyState, Panel } from '../components/panel.js';
import { Table } from '../components/table.js';
import { Layout } from '../layout.js';
import {
  methods,
  referencedName,
  schemaInWords,
  type Body,
  type Method,
  type OpenApiDocument,
  type Operation,
  type Parameter,
  type Schema,
} from '../openapi.js';
import { paths } from '../paths.js';
import type { ApiReferenceView } from '../views.js';

interface Endpoint {
  readonly method: Method;
  readonly path: string;
  readonly operation: Operation;
}

/** Operations by their first tag, tags in the document's order, untagged ones last. */
function byTag(document: OpenApiDocument): readonly (readonly [string, readonly Endpoint[]])[] {
  const groups = new Map<string, Endpoint[]>((document.tags ?? []).map(({ name }) => [name, []]));
  for (const [path, item] of Object.entries(document.paths)) {
    for (const method of methods) {
      const operation = item?.[method];
      if (operation === undefined) continue;
      const tag = operation.tags?.[0] ?? 'Other';
      const endpoints = groups.get(tag) ?? [];
      groups.set(tag, [...endpoints, { method, path, operation }]);
    }
  }
  return [...groups].filter(([, endpoints]) => endpoints.length > 0);
}

export function ApiReferencePage({ shell, document }: ApiReferenceView): JSX.Element {
  const groups = byTag(document);
  const schemas = Object.entries(document.components?.schemas ?? {});
  return (
    <Layout
      shell={shell}
      title="API reference"
      lead={document.info.description ?? document.info.title}
      actions={<a href={paths.openApi}>OpenAPI {document.openapi} document</a>}
    >
      {groups.length === 0 && <EmptyState title="No operations">The document describes no paths.</EmptyState>}
      {groups.map(([tag, endpoints]) => (
        <Panel id={`tag-${slug(tag)}`} title={tag} note={document.tags?.find(({ name }) => name === tag)?.description}>
          {endpoints.map((endpoint) => (
            <EndpointDetails endpoint={endpoint} />
          ))}
        </Panel>
      ))}
      {schemas.length > 0 && (
        <Panel id="schemas" title="Schemas">
          {schemas.map(([name, schema]) => (
            <details class="endpoint" id={`schema-${name}`}>
              <summary>
                <code>{name}</code>
              </summary>
              {schema.description !== undefined && <p>{schema.description}</p>}
              <Properties id={`schema-${name}-fields`} schema={schema} />
            </details>
          ))}
        </Panel>
      )}
    </Layout>
  );
}

function slug(text: string): string {
  return text.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
}

function EndpointDetails({ endpoint: { method, path, operation } }: { readonly endpoint: Endpoint }): JSX.Element {
  const id = operation.operationId ?? slug(`${method} ${path}`);
  const parameters = (operation.parameters ?? []).filter((parameter) => 'name' in parameter);
  return (
    <details class="endpoint" id={id}>
      <summary>
        <code class={`method method-${method}`}>{method.toUpperCase()}</code> <code>{path}</code>{' '}
        <span class="note">{operation.summary}</span>
      </summary>
      {operation.deprecated === true && <p class="note">Deprecated.</p>}
      {operation.description !== undefined && <p>{operation.description}</p>}
      {parameters.length > 0 && <Parameters id={`${id}-parameters`} parameters={parameters} />}
      <RequestBody body={operation.requestBody} />
      <Responses id={`${id}-responses`} responses={operation.responses ?? {}} />
    </details>
  );
}

function Parameters({
  id,
  parameters,
}: {
  readonly id: string;
  readonly parameters: readonly Parameter[];
}): JSX.Element {
  return (
    <Table
      id={id}
      caption="Parameters"
      rows={parameters}
      empty={null}
      columns={[
        { head: 'Name', names: true, cell: ({ name }) => <code>{name}</code> },
        { head: 'In', cell: (parameter) => parameter.in },
        { head: 'Type', cell: ({ schema }) => <Type schema={schema} /> },
        { head: 'Required', cell: ({ required }) => (required === true ? 'yes' : 'no') },
        { head: 'Meaning', wide: true, cell: ({ description }) => description ?? '' },
      ]}
    />
  );
}

function RequestBody({ body }: { readonly body: Operation['requestBody'] }): JSX.Element | null {
  if (body === undefined) return null;
  return (
    <>
      <h3>Request body</h3>
      {'$ref' in body ? <p>{referencedName(body.$ref)}</p> : <Content body={body} />}
    </>
  );
}

function Content({ body: { description, content } }: { readonly body: Body }): JSX.Element {
  return (
    <>
      {description !== undefined && <p>{description}</p>}
      <ul class="plain-list">
        {Object.entries(content ?? {}).map(([type, { schema }]) => (
          <li key={type}>
            <code>{type}</code> <Type schema={schema} />
          </li>
        ))}
      </ul>
    </>
  );
}

function Responses({
  id,
  responses,
}: {
  readonly id: string;
  readonly responses: NonNullable<Operation['responses']>;
}): JSX.Element {
  const rows = Object.entries(responses).flatMap(([status, response]) =>
    response === undefined ? [] : [{ status, response }],
  );
  return (
    <Table
      id={id}
      caption="Responses"
      rows={rows}
      empty={<p class="note">No responses are described.</p>}
      columns={[
        { head: 'Status', names: true, cell: ({ status }) => <code>{status}</code> },
        {
          head: 'Meaning',
          wide: true,
          cell: ({ response }) => ('$ref' in response ? referencedName(response.$ref) : (response.description ?? '')),
        },
        {
          head: 'Body',
          wide: true,
          cell: ({ response }) =>
            '$ref' in response
              ? ''
              : Object.entries(response.content ?? {}).map(([type, { schema }]) => (
                  <span class="block">
                    <code>{type}</code> <Type schema={schema} />
                  </span>
                )),
        },
      ]}
    />
  );
}

/** A type in words; a schema of its own is a link to it. */
function Type({ schema }: { readonly schema: Schema | undefined }): JSX.Element {
  const named = schema?.$ref ?? (typeof schema?.items === 'object' ? schema.items.$ref : undefined);
  const words = schemaInWords(schema);
  return named === undefined ? <span>{words}</span> : <a href={`#schema-${referencedName(named)}`}>{words}</a>;
}

function Properties({ id, schema }: { readonly id: string; readonly schema: Schema }): JSX.Element {
  const rows = Object.entries(schema.properties ?? {}).map(([name, property]) => ({
    name,
    property,
    required: schema.required?.includes(name) === true,
  }));
  if (rows.length === 0) return <p>{schemaInWords(schema)}</p>;
  return (
    <Table
      id={id}
      caption="Fields"
      captionHidden
      rows={rows}
      empty={null}
      columns={[
        { head: 'Field', names: true, cell: ({ name }) => <code>{name}</code> },
        { head: 'Type', wide: true, cell: ({ property }) => <Type schema={property} /> },
        { head: 'Required', cell: ({ required }) => (required ? 'yes' : 'no') },
        { head: 'Meaning', wide: true, cell: ({ property }) => property.description ?? '' },
      ]}
    />
  );
}
