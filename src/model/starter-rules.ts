/**
 * What a new project begins with: reads within scope, effects asked for, destruction denied because
 * nothing allows it, and no way out for content that did not come from a trusted place.
 */
export const starterRules = `// Reads are allowed: what the configuration of a tool calls a read.
@id("starter/reads")
@reason("Reads are allowed.")
permit (principal, action in Action::"read", resource);

// Effects are possible, each decided by a person.
@id("starter/effects")
@reason("Effects are allowed once a person has agreed.")
permit (principal, action in Action::"write", resource);

@id("starter/effects-ask")
@ask("Effects are decided by a person.")
@approvers("role:approver")
forbid (principal, action in Action::"write", resource)
unless { context.approval.granted };

// Destructive tools are denied: no rule allows them. To let one be asked for, permit it by name
// and add it to the rule above.

// After content that anybody could have written, whatever has an effect or leaves the house is
// looked at by a person, also where another rule would let it pass.
@id("starter/after-untrusted-ask")
@ask("The caller has read content from an untrusted source, which may be what asks for this.")
@approvers("role:approver")
forbid (
  principal,
  action in [Action::"write", Action::"destructive", Action::"outward"],
  resource
)
when { context.labels.contains("untrusted") }
unless { context.approval.granted };

// What is confidential does not leave.
@id("starter/confidential-stays")
@reason("The caller has read confidential content, and this tool could carry it out.")
@remedy("start_new_context")
forbid (
  principal,
  action in [Action::"write", Action::"destructive", Action::"outward"],
  resource
)
when { context.labels.contains("confidential") };
`;
