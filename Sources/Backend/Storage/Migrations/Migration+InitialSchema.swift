extension Migration {
    /// Users and their credentials, conversations and messages, usage. Times in SQLite are microseconds since 1970.
    static let initialSchema = Migration(
        number: 1, name: "initial schema",
        statements: accountTables + conversationTables + usageTables)

    private static let accountTables: [SQLText] = [
        SQLText(
            sqlite: """
                CREATE TABLE users (
                    id TEXT NOT NULL PRIMARY KEY,
                    email TEXT NOT NULL CONSTRAINT users_email_key UNIQUE,
                    name TEXT NOT NULL,
                    password_hash TEXT NOT NULL,
                    role TEXT NOT NULL CHECK (role IN ('user', 'admin')),
                    is_active INTEGER NOT NULL DEFAULT 1,
                    created_at INTEGER NOT NULL,
                    updated_at INTEGER NOT NULL,
                    password_changed_at INTEGER NOT NULL
                ) STRICT
                """,
            postgreSQL: """
                CREATE TABLE users (
                    id uuid PRIMARY KEY,
                    email text NOT NULL CONSTRAINT users_email_key UNIQUE,
                    name text NOT NULL,
                    password_hash text NOT NULL,
                    role text NOT NULL CHECK (role IN ('user', 'admin')),
                    is_active boolean NOT NULL DEFAULT true,
                    created_at timestamptz NOT NULL,
                    updated_at timestamptz NOT NULL,
                    password_changed_at timestamptz NOT NULL
                )
                """),
        // A log-in. `generation` counts its refresh tokens: one that is not the current one has been used before.
        SQLText(
            sqlite: """
                CREATE TABLE sessions (
                    id TEXT NOT NULL PRIMARY KEY,
                    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                    generation INTEGER NOT NULL DEFAULT 0,
                    user_agent TEXT NOT NULL,
                    created_at INTEGER NOT NULL,
                    last_used_at INTEGER NOT NULL,
                    expires_at INTEGER NOT NULL
                ) STRICT
                """,
            postgreSQL: """
                CREATE TABLE sessions (
                    id uuid PRIMARY KEY,
                    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                    generation bigint NOT NULL DEFAULT 0,
                    user_agent text NOT NULL,
                    created_at timestamptz NOT NULL,
                    last_used_at timestamptz NOT NULL,
                    expires_at timestamptz NOT NULL
                )
                """),
        "CREATE INDEX idx_sessions_user ON sessions (user_id)",
        // Links in mails: good once, and kept as a hash only.
        SQLText(
            sqlite: """
                CREATE TABLE one_time_tokens (
                    token_hash BLOB NOT NULL PRIMARY KEY,
                    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                    purpose TEXT NOT NULL,
                    created_at INTEGER NOT NULL,
                    expires_at INTEGER NOT NULL
                ) STRICT
                """,
            postgreSQL: """
                CREATE TABLE one_time_tokens (
                    token_hash bytea PRIMARY KEY,
                    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                    purpose text NOT NULL,
                    created_at timestamptz NOT NULL,
                    expires_at timestamptz NOT NULL
                )
                """),
        "CREATE INDEX idx_one_time_tokens_user ON one_time_tokens (user_id)",
        SQLText(
            sqlite: """
                CREATE TABLE api_keys (
                    id TEXT NOT NULL PRIMARY KEY,
                    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                    name TEXT NOT NULL,
                    prefix TEXT NOT NULL,
                    key_hash BLOB NOT NULL CONSTRAINT api_keys_key_hash_key UNIQUE,
                    created_at INTEGER NOT NULL,
                    last_used_at INTEGER,
                    expires_at INTEGER
                ) STRICT
                """,
            postgreSQL: """
                CREATE TABLE api_keys (
                    id uuid PRIMARY KEY,
                    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                    name text NOT NULL,
                    prefix text NOT NULL,
                    key_hash bytea NOT NULL CONSTRAINT api_keys_key_hash_key UNIQUE,
                    created_at timestamptz NOT NULL,
                    last_used_at timestamptz,
                    expires_at timestamptz
                )
                """),
        "CREATE INDEX idx_api_keys_user ON api_keys (user_id, created_at DESC)",
        // What replicas must forget of a user: a row is written with each change of what proves who somebody is, and every
        // replica reads the new ones. No foreign key: the user's end is such a change.
        SQLText(
            sqlite: """
                CREATE TABLE account_changes (
                    id TEXT NOT NULL PRIMARY KEY,
                    user_id TEXT NOT NULL,
                    created_at INTEGER NOT NULL
                ) STRICT
                """,
            postgreSQL: """
                CREATE TABLE account_changes (
                    id uuid PRIMARY KEY,
                    user_id uuid NOT NULL,
                    created_at timestamptz NOT NULL
                )
                """),
        "CREATE INDEX idx_account_changes_created ON account_changes (created_at)",
    ]

    private static let conversationTables: [SQLText] = [
        // `head_message_id` is the message at the end of the branch that is shown.
        SQLText(
            sqlite: """
                CREATE TABLE conversations (
                    id TEXT NOT NULL PRIMARY KEY,
                    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                    title TEXT NOT NULL,
                    title_source TEXT NOT NULL CHECK (title_source IN ('default', 'automatic', 'user')),
                    model TEXT,
                    system_prompt TEXT,
                    head_message_id TEXT,
                    created_at INTEGER NOT NULL,
                    updated_at INTEGER NOT NULL
                ) STRICT
                """,
            postgreSQL: """
                CREATE TABLE conversations (
                    id uuid PRIMARY KEY,
                    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                    title text NOT NULL,
                    title_source text NOT NULL CHECK (title_source IN ('default', 'automatic', 'user')),
                    model text,
                    system_prompt text,
                    head_message_id uuid,
                    created_at timestamptz NOT NULL,
                    updated_at timestamptz NOT NULL
                )
                """),
        "CREATE INDEX idx_conversations_user_updated ON conversations (user_id, updated_at DESC)",
        // A tree: an edited or regenerated message is a sibling of the one it replaces. While an answer is being generated its
        // `status` is in_progress, `lease_expires_at` says until when its replica is believed to be alive, and what there is of
        // it lies in message_chunks. Other replicas ask its own to stop through `stop_requested_at`, and say with `followed_until`
        // that a client of theirs reads along.
        SQLText(
            sqlite: """
                CREATE TABLE messages (
                    id TEXT NOT NULL PRIMARY KEY,
                    conversation_id TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
                    parent_id TEXT,
                    role TEXT NOT NULL CHECK (role IN ('system', 'user', 'assistant')),
                    content TEXT NOT NULL,
                    status TEXT NOT NULL CHECK (status IN ('in_progress', 'completed', 'incomplete', 'failed')),
                    finish_reason TEXT,
                    error_code TEXT,
                    model TEXT,
                    prompt_tokens INTEGER,
                    completion_tokens INTEGER,
                    usage_source TEXT,
                    lease_expires_at INTEGER,
                    stop_requested_at INTEGER,
                    followed_until INTEGER,
                    created_at INTEGER NOT NULL,
                    completed_at INTEGER
                ) STRICT
                """,
            postgreSQL: """
                CREATE TABLE messages (
                    id uuid PRIMARY KEY,
                    conversation_id uuid NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
                    parent_id uuid,
                    role text NOT NULL CHECK (role IN ('system', 'user', 'assistant')),
                    content text NOT NULL,
                    status text NOT NULL CHECK (status IN ('in_progress', 'completed', 'incomplete', 'failed')),
                    finish_reason text,
                    error_code text,
                    model text,
                    prompt_tokens bigint,
                    completion_tokens bigint,
                    usage_source text,
                    lease_expires_at timestamptz,
                    stop_requested_at timestamptz,
                    followed_until timestamptz,
                    created_at timestamptz NOT NULL,
                    completed_at timestamptz
                )
                """),
        "CREATE INDEX idx_messages_conversation_created ON messages (conversation_id, created_at DESC)",
        "CREATE INDEX idx_messages_parent ON messages (conversation_id, parent_id, created_at)",
        // One answer at a time in a conversation.
        "CREATE UNIQUE INDEX idx_messages_running ON messages (conversation_id) WHERE status = 'in_progress'",
        "CREATE INDEX idx_messages_lease ON messages (lease_expires_at) WHERE lease_expires_at IS NOT NULL",
        // `start_offset` counts UTF-8 bytes of the answer before this piece.
        SQLText(
            sqlite: """
                CREATE TABLE message_chunks (
                    message_id TEXT NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
                    start_offset INTEGER NOT NULL,
                    content TEXT NOT NULL,
                    PRIMARY KEY (message_id, start_offset)
                ) STRICT
                """,
            postgreSQL: """
                CREATE TABLE message_chunks (
                    message_id uuid NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
                    start_offset bigint NOT NULL,
                    content text NOT NULL,
                    PRIMARY KEY (message_id, start_offset)
                )
                """),
        // What a request with an Idempotency-Key made, so that its repetition makes nothing.
        SQLText(
            sqlite: """
                CREATE TABLE idempotency_keys (
                    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                    key TEXT NOT NULL,
                    request_hash BLOB NOT NULL,
                    message_id TEXT NOT NULL,
                    created_at INTEGER NOT NULL,
                    PRIMARY KEY (user_id, key)
                ) STRICT
                """,
            postgreSQL: """
                CREATE TABLE idempotency_keys (
                    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                    key text NOT NULL,
                    request_hash bytea NOT NULL,
                    message_id uuid NOT NULL,
                    created_at timestamptz NOT NULL,
                    PRIMARY KEY (user_id, key)
                )
                """),
        "CREATE INDEX idx_idempotency_keys_created ON idempotency_keys (created_at)",
    ]

    // The ledger outlives what it speaks of: no foreign keys, and an account's deletion leaves its sums.
    private static let usageTables: [SQLText] = [
        SQLText(
            sqlite: """
                CREATE TABLE usage_records (
                    id TEXT NOT NULL PRIMARY KEY,
                    user_id TEXT NOT NULL,
                    api_key_id TEXT,
                    message_id TEXT,
                    endpoint TEXT NOT NULL,
                    model TEXT NOT NULL,
                    prompt_tokens INTEGER NOT NULL,
                    completion_tokens INTEGER NOT NULL,
                    source TEXT NOT NULL CHECK (source IN ('reported', 'estimated', 'zero')),
                    outcome TEXT NOT NULL,
                    created_at INTEGER NOT NULL
                ) STRICT
                """,
            postgreSQL: """
                CREATE TABLE usage_records (
                    id uuid PRIMARY KEY,
                    user_id uuid NOT NULL,
                    api_key_id uuid,
                    message_id uuid,
                    endpoint text NOT NULL,
                    model text NOT NULL,
                    prompt_tokens bigint NOT NULL,
                    completion_tokens bigint NOT NULL,
                    source text NOT NULL CHECK (source IN ('reported', 'estimated', 'zero')),
                    outcome text NOT NULL,
                    created_at timestamptz NOT NULL
                )
                """),
        "CREATE INDEX idx_usage_records_user_created ON usage_records (user_id, created_at DESC)",
    ]
}
