import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Policies are told apart by their system too: Kubernetes and Calico both have a NetworkPolicy. */
export class PolicySystems1795305600020 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- The end of a collection of one system was written down for policies of the same name of another.
      DELETE FROM policy_version d
      WHERE d.action = 'delete'
        AND NOT EXISTS (SELECT 1 FROM policy_version o WHERE o.system = d.system AND o.kind = d.kind AND o.name = d.name
                          AND o.namespace IS NOT DISTINCT FROM d.namespace AND o.action <> 'delete'
                          AND (o.index, o.position) < (d.index, d.position))
        AND EXISTS (SELECT 1 FROM policy_version o WHERE o.system <> d.system AND o.kind = d.kind AND o.name = d.name
                      AND o.namespace IS NOT DISTINCT FROM d.namespace AND (o.index, o.position) < (d.index, d.position));
      UPDATE policy_version v SET version = counted.version
      FROM (SELECT index, position, row_number() OVER (PARTITION BY system, kind, namespace, name ORDER BY index, position) AS version
            FROM policy_version) counted
      WHERE counted.index = v.index AND counted.position = v.position AND counted.version <> v.version;
      DROP INDEX policy_version_policy;
      CREATE UNIQUE INDEX policy_version_policy ON policy_version (system, kind, namespace, name, version) NULLS NOT DISTINCT;

      ALTER TABLE change_item ADD COLUMN system text;
      UPDATE change_item SET system = CASE
        WHEN object->>'apiVersion' ~ '^([^/]*[.])?projectcalico[.]org/' THEN 'calico'
        WHEN object->>'apiVersion' ~ '^([^/]*[.])?cilium[.]io/' THEN 'cilium'
        WHEN object->>'apiVersion' ~ '^([^/]*[.])?segproof[.]dev/' THEN 'segproof'
        WHEN object IS NOT NULL THEN 'kubernetes'
        WHEN kind LIKE 'Cilium%' THEN 'cilium'
        WHEN kind ~ '^(Staged|Global).*Network(Policy|Set)$|^NetworkSet$' THEN 'calico'
        WHEN kind ~ '^Intent(Template)?$' THEN 'segproof'
        -- A delete needs no object; where the records know one system alone for the name, it is that one.
        ELSE coalesce((SELECT min(v.system) FROM policy_version v WHERE v.kind = change_item.kind AND v.name = change_item.name
                         AND v.namespace IS NOT DISTINCT FROM change_item.namespace HAVING count(DISTINCT v.system) = 1),
                      'kubernetes') END;
      ALTER TABLE change_item ALTER COLUMN system SET NOT NULL;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE change_item DROP COLUMN system;
      DROP INDEX policy_version_policy;
      CREATE INDEX policy_version_policy ON policy_version (kind, namespace, name, index);
    `);
  }
}
