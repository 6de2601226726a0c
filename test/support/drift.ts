import { DataSource } from 'typeorm';
import { entities } from '../../src/database/entities.js';
import { freshDatabase } from './database.js';

/**
 * The migrations' drift gate: a freshly migrated database must need no change to fit the
 * entities. Exits 1 and prints the statements that would be needed otherwise.
 */
const database = await freshDatabase();
const dataSource = new DataSource({ type: 'postgres', url: database.ownerUrl, entities, installExtensions: false });
await dataSource.initialize();
const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
await dataSource.destroy();
await database.drop();
for (const { query } of upQueries) console.log(query);
console.log(
  upQueries.length === 0 ? 'no drift between migrations and entities' : `${upQueries.length} statements of drift`,
);
process.exit(upQueries.length === 0 ? 0 : 1);
