/** The methods of `dstok serve`: docs/reference/protocol.md says what they do. */

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** An object whose names are data. The order of names changes the token: a Map keeps it. */
export type Names<T> = Record<string, T> | Map<string, T>;

export interface Restrictions {
  all?: string[] | null;
  database?: Names<string[]> | null;
  resource?: Names<Names<string[]>> | null;
}

export type Actor = { [name: string]: Json };

/** The `_r` of a token. */
export interface ActorRestrictions {
  a?: string[] | null;
  d?: Names<string[]> | null;
  r?: Names<Names<string[]>> | null;
}

export interface Info {
  name: string;
  version: string;
  protocol: number;
  datasette_version: string;
  datasette_version_known: boolean;
  zlib: string;
  itsdangerous: string;
  settings: { allow_signed_tokens: boolean; max_signed_tokens_ttl: number };
  secrets: number;
  methods: string[];
}

export interface Inspection {
  payload: Json;
  compressed: boolean;
  signature: "valid" | "invalid" | "unchecked";
  secret: number | null;
  status: "valid" | "expired" | "invalid" | "unchecked";
  reason: string | null;
  actor_id: Json;
  created: Json;
  expires: Json;
  restrictions: Json;
  unknown_actions: string[];
}

/** What a caller gives. `now` replaces the clock, in Unix seconds. */
export interface Methods {
  create_token: {
    params: {
      actor_id: Json;
      expires_after?: number | null;
      restrict_all?: string[] | null;
      restrict_database?: Names<string[]> | null;
      restrict_resource?: Names<Names<string[]>> | null;
      restrictions?: Restrictions | null;
      now?: number | null;
    };
    result: string;
  };
  verify_token: { params: { token: string; now?: number | null }; result: Actor | null };
  inspect_token: { params: { token: string; now?: number | null }; result: Inspection };
  sign: { params: { value: Json | Map<string, Json>; namespace?: string | null }; result: string };
  unsign: { params: { signed: string; namespace?: string | null }; result: Json };
  create_actor_cookie: {
    params: { actor: Actor | Map<string, Json>; expire_after?: number | null; now?: number | null };
    result: string;
  };
  verify_actor_cookie: { params: { cookie: string; now?: number | null }; result: Json };
  restrictions_allow_action: {
    params: { restrictions: ActorRestrictions | null; action: string; resource?: string | [string, string] | null };
    result: boolean;
  };
  token_allows_action: {
    params: { token: string; action: string; resource?: string | [string, string] | null; now?: number | null };
    result: { actor: Actor | null; allowed: boolean };
  };
  configure: {
    params: {
      secret?: string | null;
      datasette_version?: string | null;
      actions?: Json;
      settings?: { allow_signed_tokens?: boolean; max_signed_tokens_ttl?: number } | null;
      zlib?: "zlib" | "zlib-ng" | null;
      itsdangerous?: "2.2" | "1.1" | null;
      old_secrets?: string[] | null;
    };
    result: Info;
  };
  info: { params: Record<string, never>; result: Info };
  ping: { params: Record<string, never>; result: "pong" };
  "rpc.discover": { params: Record<string, never>; result: Json };
}
