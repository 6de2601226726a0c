/**
 * The parts of an OpenAPI 3.1 document that the reference page draws. Looser than the
 * specification on purpose: what is missing is left out of the page, what is unknown is not drawn.
 */

export interface OpenApiDocument {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string; readonly description?: string | undefined };
  readonly tags?: readonly { readonly name: string; readonly description?: string | undefined }[] | undefined;
  readonly paths: Readonly<Record<string, PathItem | undefined>>;
  readonly components?: { readonly schemas?: Readonly<Record<string, Schema>> | undefined } | undefined;
}

export const methods = ['get', 'post', 'put', 'patch', 'delete'] as const;
export type Method = (typeof methods)[number];

export type PathItem = { readonly [method in Method]?: Operation | undefined };

export interface Operation {
  readonly operationId?: string | undefined;
  readonly summary?: string | undefined;
  readonly description?: string | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly deprecated?: boolean | undefined;
  readonly parameters?: readonly (Parameter | Reference)[] | undefined;
  readonly requestBody?: Body | Reference | undefined;
  readonly responses?: Readonly<Record<string, Body | Reference | undefined>> | undefined;
}

export interface Reference {
  readonly $ref: string;
}

export interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean | undefined;
  readonly description?: string | undefined;
  readonly schema?: Schema | undefined;
}

/** A request body or a response. */
export interface Body {
  readonly description?: string | undefined;
  readonly required?: boolean | undefined;
  readonly content?: Readonly<Record<string, { readonly schema?: Schema | undefined }>> | undefined;
}

/** JSON Schema 2020-12, as far as it is drawn. */
export interface Schema {
  readonly $ref?: string | undefined;
  readonly type?: string | readonly string[] | undefined;
  readonly format?: string | undefined;
  readonly description?: string | undefined;
  readonly enum?: readonly unknown[] | undefined;
  readonly const?: unknown;
  readonly items?: Schema | boolean | undefined;
  readonly properties?: Readonly<Record<string, Schema>> | undefined;
  readonly required?: readonly string[] | undefined;
  readonly additionalProperties?: Schema | boolean | undefined;
  readonly anyOf?: readonly Schema[] | undefined;
  readonly oneOf?: readonly Schema[] | undefined;
  readonly allOf?: readonly Schema[] | undefined;
}

/** `#/components/schemas/Record` names `Record`. */
export function referencedName(reference: string): string {
  return reference.slice(reference.lastIndexOf('/') + 1);
}

/** The type of a value in words: `string (date-time)`, `array of Record`, `"allow" | "deny"`. */
export function schemaInWords(schema: Schema | boolean | undefined): string {
  if (schema === undefined || typeof schema === 'boolean') return 'any';
  if (schema.$ref !== undefined) return referencedName(schema.$ref);
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  const alternatives = schema.anyOf ?? schema.oneOf;
  if (alternatives !== undefined) return alternatives.map(schemaInWords).join(' | ');
  if (schema.allOf !== undefined) return schema.allOf.map(schemaInWords).join(' & ');
  const types = typeof schema.type === 'string' ? [schema.type] : (schema.type ?? ['any']);
  return types.map((type) => typeInWords(type, schema)).join(' | ');
}

function typeInWords(type: string, schema: Schema): string {
  if (type === 'array') {
    const items = schemaInWords(schema.items);
    return items.includes(' | ') ? `array of (${items})` : `array of ${items}`;
  }
  if (type === 'object' && typeof schema.additionalProperties === 'object' && schema.properties === undefined) {
    return `map of ${schemaInWords(schema.additionalProperties)}`;
  }
  return schema.format === undefined ? type : `${type} (${schema.format})`;
}
