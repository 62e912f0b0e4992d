// SPDX-License-Identifier: GPL-2.0-only
/*
 * As much of JSON Schema as docs/dmabuf-vfio-pci.schema.json uses: type, const, enum,
 * properties, required, additionalProperties, items, anyOf and references to $defs.
 */
#include "units.h"

static bool is_valid(const json_t *root, const json_t *schema,
		     const json_t *value, const char *where);

static bool complain_of(const char *where, const char *what)
{
	fprintf(stderr, "%s: %s\n", where, what);
	return false;
}

static bool has_type(const json_t *value, const char *type)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return !strcmp(type, "object");
	case JSON_ARRAY:
		return !strcmp(type, "array");
	case JSON_STRING:
		return !strcmp(type, "string");
	case JSON_INTEGER:
		return !strcmp(type, "integer") || !strcmp(type, "number");
	case JSON_REAL:
		return !strcmp(type, "number");
	case JSON_NULL:
		return !strcmp(type, "null");
	default:
		return !strcmp(type, "boolean");
	}
}

static bool is_of_types(const json_t *types, const json_t *value)
{
	const json_t *type;
	size_t i;

	if (json_is_string(types))
		return has_type(value, json_string_value(types));
	json_array_foreach(types, i, type)
		if (has_type(value, json_string_value(type)))
			return true;
	return !types;
}

static bool is_one_of(const json_t *values, const json_t *value)
{
	const json_t *other;
	size_t i;

	json_array_foreach(values, i, other)
		if (json_equal(other, value))
			return true;
	return !values;
}

static bool fits_any(const json_t *root, const json_t *schemas,
		     const json_t *value, const char *where)
{
	const json_t *schema;
	size_t i;

	json_array_foreach(schemas, i, schema)
		if (is_valid(root, schema, value, where))
			return true;
	return !schemas;
}

static bool has_required(const json_t *schema, const json_t *value,
			 const char *where)
{
	const json_t *name;
	size_t i;

	json_array_foreach(json_object_get(schema, "required"), i, name)
		if (!json_object_get(value, json_string_value(name)))
			return complain_of(where, json_string_value(name));
	return true;
}

static bool members_are_valid(const json_t *root, const json_t *schema,
			      const json_t *value, const char *where)
{
	const json_t *properties = json_object_get(schema, "properties");
	const json_t *property;
	const char *key;
	json_t *member;

	json_object_foreach((json_t *)value, key, member) {
		property = json_object_get(properties, key);
		if (property && !is_valid(root, property, member, key))
			return complain_of(where, key);
		if (!property && json_is_false(json_object_get(schema,
							       "additionalProperties")))
			return complain_of(key, "is not in the schema");
	}
	return has_required(schema, value, where);
}

static bool items_are_valid(const json_t *root, const json_t *schema,
			    const json_t *value, const char *where)
{
	const json_t *items = json_object_get(schema, "items"), *item;
	size_t i;

	json_array_foreach(value, i, item)
		if (items && !is_valid(root, items, item, where))
			return false;
	return true;
}

static const json_t *resolve(const json_t *root, const json_t *schema)
{
	const char *reference = json_string_value(json_object_get(schema, "$ref"));

	if (!reference)
		return schema;
	return json_object_get(json_object_get(root, "$defs"),
			       reference + strlen("#/$defs/"));
}

static bool is_valid(const json_t *root, const json_t *schema,
		     const json_t *value, const char *where)
{
	const json_t *constant;

	schema = resolve(root, schema);
	if (!schema)
		return complain_of(where, "refers to nothing");
	constant = json_object_get(schema, "const");
	if (!is_of_types(json_object_get(schema, "type"), value))
		return complain_of(where, "has another type");
	if ((constant && !json_equal(constant, value)) ||
	    !is_one_of(json_object_get(schema, "enum"), value))
		return complain_of(where, "has another value");
	if (!fits_any(root, json_object_get(schema, "anyOf"), value, where))
		return false;
	if (json_is_object(value))
		return members_are_valid(root, schema, value, where);
	return items_are_valid(root, schema, value, where);
}

bool schema_holds(const char *file, const char *name, json_t *value)
{
	json_t *root = json_load_file(file, 0, NULL);
	const json_t *schema = json_object_get(json_object_get(root, "$defs"), name);
	bool holds;

	holds = root && value && (schema ? is_valid(root, schema, value, name) :
				  complain_of(file, "has no such definition"));
	json_decref(root);
	return holds;
}
