import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { Database } from '../database/database.js';
import { readIntent, readTemplate } from './intent/read.js';
import { PolicyRegister } from './register/register.js';

const TemplateUse = z.object({
  /** `Intent` made from the template. */
  intent: z.string(),
  inForce: z.boolean(),
  /** Versions of the intent that name the template. */
  versions: z.array(z.number().int()),
  /** Why the intent's last version cannot be made from the template as it is now; empty when it can. */
  problems: z.array(z.string()),
  /** Objects in force that say that they enforce the intent (`segproof.dev/intent`). */
  enforcedBy: z.array(
    z.object({
      system: z.string(),
      kind: z.string(),
      namespace: z.string().nullable(),
      name: z.string(),
      version: z.number().int(),
    }),
  ),
});

export const PolicyTemplate = z.object({
  name: z.string(),
  /** Null where only changes that are not carried out yet, or nothing, hold the template. */
  version: z.number().int().nullable(),
  index: z.number().int().nullable(),
  inForce: z.boolean(),
  description: z.string().nullable(),
  parameters: z.array(
    z.object({
      name: z.string(),
      description: z.string().nullable(),
      required: z.boolean(),
      oneOf: z.array(z.string()).nullable(),
    }),
  ),
  /** What is wrong with the template; empty when it can be read. */
  problems: z.array(z.string()),
  uses: z.array(TemplateUse),
});
export type PolicyTemplate = z.infer<typeof PolicyTemplate>;

interface VersionRow {
  readonly name: string;
  readonly version: number;
  readonly index: string;
  readonly action: string;
  readonly object: unknown;
}

const Templated = z.object({ spec: z.looseObject({ template: z.string() }) });

/** Templates of intents, and where they are used. */
@Injectable()
export class PolicyTemplates {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(PolicyRegister) private readonly register: PolicyRegister,
  ) {}

  /** By name; a template that intents name and no record shows is listed too. */
  async list(): Promise<PolicyTemplate[]> {
    const [templates, intents, enforcing, inForce] = await Promise.all([
      this.versionsOf('IntentTemplate'),
      this.versionsOf('Intent'),
      this.enforcing(),
      this.register.templates(),
    ]);
    const used = new Map<string, Map<string, number[]>>();
    for (const { name, version, object } of intents) {
      const read = Templated.safeParse(object);
      if (!read.success) continue;
      const { template } = read.data.spec;
      const uses = used.get(template) ?? new Map<string, number[]>();
      used.set(template, uses.set(name, [...(uses.get(name) ?? []), version]));
    }
    const last = new Map(intents.map((row) => [row.name, row]));
    const lastTemplates = new Map(templates.map((row) => [row.name, row]));
    const names = [...new Set([...lastTemplates.keys(), ...used.keys()])].sort();
    return names.map((name) => {
      const row = lastTemplates.get(name);
      const read = row === undefined || row.object === null ? null : readTemplate(row.object);
      return PolicyTemplate.parse({
        name,
        version: row?.version ?? null,
        index: row === undefined ? null : Number(row.index),
        inForce: row !== undefined && row.action !== 'delete',
        description: read?.ok === true ? (read.value.spec.description ?? null) : null,
        parameters: (read?.ok === true ? read.value.spec.parameters : []).map((parameter) => ({
          name: parameter.name,
          description: parameter.description ?? null,
          required: parameter.default === undefined,
          oneOf: parameter.oneOf?.map(String) ?? null,
        })),
        problems: read?.ok === false ? read.problems.map(({ path, message }) => `${path}: ${message}`) : [],
        uses: [...(used.get(name) ?? [])].map(([intent, versions]) => {
          const latest = last.get(intent);
          const made = latest === undefined || latest.object === null ? null : readIntent(latest.object, inForce);
          return {
            intent,
            inForce: latest !== undefined && latest.action !== 'delete',
            versions,
            problems: made?.ok === false ? made.problems.map(({ path, message }) => `${path}: ${message}`) : [],
            enforcedBy: enforcing.filter((one) => one.intent === intent),
          };
        }),
      });
    });
  }

  /** All versions, by name and oldest first. */
  private async versionsOf(kind: string): Promise<VersionRow[]> {
    return await this.database.query<VersionRow>(
      `SELECT name, version, index, action, object FROM policy_version WHERE system = 'segproof' AND kind = $1
       ORDER BY name, version`,
      [kind],
    );
  }

  private async enforcing() {
    return await this.database.query<{
      intent: string;
      system: string;
      kind: string;
      namespace: string | null;
      name: string;
      version: number;
    }>(
      `SELECT intent, system, kind, namespace, name, version FROM (
         SELECT DISTINCT ON (system, kind, namespace, name) system, kind, namespace, name, version, action,
                object->'metadata'->'annotations'->>'segproof.dev/intent' AS intent
         FROM policy_version ORDER BY system, kind, namespace, name, version DESC) latest
       WHERE action <> 'delete' AND intent IS NOT NULL ORDER BY system, kind, namespace, name`,
    );
  }
}
