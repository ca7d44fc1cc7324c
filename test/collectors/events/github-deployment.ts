/** A deployment_status webhook of GitHub, shortened to a third of its keys. */
export function githubDeployment(more: { readonly payload?: unknown; readonly state?: string } = {}) {
  const { payload = {}, state = 'success' } = more;
  return {
    action: 'created',
    deployment_status: {
      id: 1_115_122_000,
      state,
      environment: 'production',
      target_url: 'https://ci.example.org/run/1',
      log_url: 'https://ci.example.org/run/1/log',
      description: '',
      created_at: '2026-11-21T22:15:00Z',
      updated_at: '2026-11-21T22:15:00Z',
    },
    deployment: {
      id: 326_181_000,
      sha: 'f95f852bd8fca8fcc58a9a2d6c842781e32a215e',
      ref: 'main',
      task: 'deploy',
      payload,
      original_environment: 'production',
      environment: 'production',
      description: null,
      created_at: '2026-11-21T22:10:00Z',
    },
    check_run: null,
    repository: {
      id: 186_853_002,
      full_name: 'risk/fraud-scorer',
      html_url: 'https://github.example/risk/fraud-scorer',
    },
    sender: { login: 'octocat', id: 1 },
  };
}
