/**
 * What every Postgres has in pg_catalog and what has no effect. test/abuse/parameter-sql-server
 * holds the lists against a real server: each name is there, and none of its forms is volatile.
 * Left out though they only read: what shows the server, its settings or the rights of roles, what
 * takes SQL or a table's name as text, and what reads files or sequences.
 */
function list(...lines: readonly string[]): ReadonlySet<string> {
  return new Set(lines.join(" ").split(" "));
}

export const builtInFunctions = list(
  "count sum avg min max array_agg string_agg json_agg jsonb_agg json_object_agg jsonb_object_agg",
  "bool_and bool_or every bit_and bit_or bit_xor any_value range_agg range_intersect_agg",
  "stddev stddev_pop stddev_samp variance var_pop var_samp corr covar_pop covar_samp",
  "regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy",
  "mode percentile_cont percentile_disc rank dense_rank percent_rank cume_dist row_number ntile",
  "lag lead first_value last_value nth_value",
  "abs ceil ceiling floor round trunc sign sqrt cbrt exp ln log log10 power pow mod div gcd lcm",
  "factorial degrees radians pi sin cos tan cot asin acos atan atan2 sinh cosh tanh asinh acosh atanh",
  "width_bucket scale min_scale trim_scale numeric_inc",
  "lower upper initcap length char_length character_length octet_length bit_length substring substr",
  "left right lpad rpad btrim ltrim rtrim replace translate reverse repeat split_part strpos position",
  "overlay concat concat_ws format chr ascii to_hex starts_with string_to_array string_to_table",
  "array_to_string regexp_match regexp_matches regexp_replace regexp_split_to_array",
  "regexp_split_to_table regexp_count regexp_instr regexp_like regexp_substr like_escape",
  "similar_to_escape normalize is_normalized unistr quote_ident quote_literal quote_nullable",
  "md5 sha224 sha256 sha384 sha512 encode decode convert_from convert_to get_bit get_byte",
  "now transaction_timestamp statement_timestamp age date_part date_trunc date_bin extract timezone",
  "make_date make_time make_timestamp make_timestamptz make_interval to_char to_date to_number",
  "to_timestamp justify_days justify_hours justify_interval isfinite overlaps",
  "array_length array_lower array_upper array_ndims array_dims array_position array_positions",
  "array_append array_prepend array_cat array_remove array_replace array_fill cardinality unnest",
  "trim_array generate_series generate_subscripts",
  "to_json to_jsonb row_to_json array_to_json json_build_object json_build_array json_object",
  "jsonb_build_object jsonb_build_array jsonb_object json_array_length jsonb_array_length",
  "json_array_elements json_array_elements_text jsonb_array_elements jsonb_array_elements_text",
  "json_each json_each_text jsonb_each jsonb_each_text json_object_keys jsonb_object_keys",
  "json_extract_path json_extract_path_text jsonb_extract_path jsonb_extract_path_text",
  "json_to_record json_to_recordset jsonb_to_record jsonb_to_recordset json_typeof jsonb_typeof",
  "json_strip_nulls jsonb_strip_nulls jsonb_pretty jsonb_set jsonb_set_lax jsonb_insert",
  "jsonb_path_exists jsonb_path_match jsonb_path_query jsonb_path_query_array jsonb_path_query_first",
  "to_tsvector to_tsquery plainto_tsquery phraseto_tsquery websearch_to_tsquery ts_rank ts_rank_cd",
  "ts_headline setweight strip numnode tsvector_to_array array_to_tsvector",
  "isempty lower_inc upper_inc lower_inf upper_inf range_merge multirange int4range int8range",
  "numrange tsrange tstzrange daterange host family masklen netmask network broadcast hostmask",
  "abbrev set_masklen inet_same_family inet_merge num_nulls num_nonnulls pg_typeof",
  "area center diameter height width radius point box circle",
);

export const builtInTypes = list(
  "bool int2 int4 int8 numeric float4 float8 money text varchar bpchar char bytea bit varbit name",
  "date time timetz timestamp timestamptz interval uuid json jsonb jsonpath inet cidr macaddr",
  "macaddr8 point line lseg box path polygon circle tsvector tsquery int4range int8range numrange",
  "tsrange tstzrange daterange int4multirange int8multirange nummultirange tsmultirange",
  "tstzmultirange datemultirange",
);

/** Those of pg_trgm and pgvector are beside the built-in ones. */
export const extensionOperators = list("<#> <=> <+> <% %> <<% %>> <<-> <->> <<<-> <->>>");

export const builtInOperators: ReadonlySet<string> = new Set([
  ...list(
    "= <> < > <= >= + - * / % ^ |/ ||/ @ & | # ~ << >> || ~~ !~~ ~~* !~~* ~* !~ !~* ^@",
    "-> ->> #> #>> @> <@ ? ?| ?& #- @? @@ && &< &> -|- << >> &<| |&> <<| |>> ## <-> @-@",
    "<<= >>= ?# ?- ?-| ?|| ~= !! ~<~ ~<=~ ~>=~ ~>~",
  ),
  ...extensionOperators,
]);
