import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn, type Relation } from 'typeorm';

@Entity('source')
export class Source {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'source_pk' })
  name!: string;

  @Column({ type: 'text' })
  description!: string;

  /** Format fixed for the source; null detects it per record. */
  @Column({ type: 'text', nullable: true })
  format!: string | null;

  @Column({ type: 'integer', name: 'silence_after_seconds', nullable: true })
  silenceAfterSeconds!: number | null;

  @Column({ type: 'timestamptz', name: 'created_at' })
  createdAt!: Date;

  /** See `SourceSettings`. */
  @Column({ type: 'json', default: {} })
  settings!: unknown;
}

@Entity('source_token')
@Index('source_token_source', ['source'])
export class SourceToken {
  @PrimaryColumn({ type: 'bytea', name: 'token_hash', primaryKeyConstraintName: 'source_token_pk' })
  tokenHash!: Buffer;

  @Column({ type: 'text' })
  source!: string;

  @ManyToOne(() => Source)
  @JoinColumn({ name: 'source', foreignKeyConstraintName: 'source_token_source_fk' })
  sourceRow!: Relation<Source>;

  /** Last characters of the token, to tell tokens apart. */
  @Column({ type: 'text' })
  hint!: string;

  @Column({ type: 'timestamptz', name: 'created_at' })
  createdAt!: Date;

  @Column({ type: 'timestamptz', name: 'revoked_at', nullable: true })
  revokedAt!: Date | null;
}

@Entity('source_secret')
@Index('source_secret_source', ['source'])
export class SourceSecret {
  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'source_secret_pk' })
  id!: string;

  @Column({ type: 'text' })
  source!: string;

  @ManyToOne(() => Source)
  @JoinColumn({ name: 'source', foreignKeyConstraintName: 'source_secret_source_fk' })
  sourceRow!: Relation<Source>;

  /** How the sender signs. */
  @Column({ type: 'text' })
  scheme!: string;

  /** The secret, readable only with the key outside the database. */
  @Column({ type: 'bytea' })
  sealed!: Buffer;

  @Column({ type: 'timestamptz', name: 'created_at' })
  createdAt!: Date;

  @Column({ type: 'timestamptz', name: 'revoked_at', nullable: true })
  revokedAt!: Date | null;
}
