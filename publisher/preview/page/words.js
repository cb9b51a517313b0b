// What the page says, in English and in Chinese, by the language of the newsletter.

const ENGLISH = {
  broken: 'This draft cannot be rendered completely: ',
  copied: 'Copied',
  copy: 'Copy article for WeChat',
  dark: 'Dark',
  draft: 'Draft',
  error: 'error',
  gone: 'The preview server has stopped. These are the last panes; run `publish preview` to go on.',
  issue: 'Issue',
  items: 'Items',
  limits: 'Limits',
  line: 'Line',
  info: 'note',
  live: 'Live',
  none: 'No problems',
  open: 'Open in editor',
  outdated: 'as it was before: ',
  panes: 'Panes',
  preview: 'Preview',
  problems: 'Problems',
  rendering: 'Rendering…',
  unsaved: 'Not saved',
  warning: 'warning',
  zoom: 'Zoom',
  names: {
    wechat: 'WeChat', 'wechat-dark': 'WeChat, dark', telegram: 'Telegram', email: 'Mail', mail: 'Mail', rss: 'Feed', feed: 'Feed',
    'web-phone': 'Web, phone', 'web-desk': 'Web, desktop', web: 'Web',
  },
};

const CHINESE = {
  broken: '这份草稿无法完整排版：',
  copied: '已复制',
  copy: '复制到公众号',
  dark: '深色',
  draft: '草稿',
  error: '错误',
  gone: '预览服务已停止，下面是最后的画面；运行 `publish preview` 继续。',
  issue: '期',
  items: '条目',
  limits: '上限',
  line: '行',
  info: '提示',
  live: '实时',
  none: '没有问题',
  open: '在编辑器中打开',
  outdated: '这是之前的画面：',
  panes: '窗格',
  preview: '预览',
  problems: '问题',
  rendering: '正在排版…',
  unsaved: '未保存',
  warning: '警告',
  zoom: '缩放',
  names: {
    wechat: '公众号', 'wechat-dark': '公众号 · 深色', telegram: 'Telegram', email: '邮件', mail: '邮件', rss: '订阅源', feed: '订阅源',
    'web-phone': '网页 · 手机', 'web-desk': '网页 · 电脑', web: '网页',
  },
};

const CHINESE_LIMITS = {
  characters: '字符', columns: '列宽', digest: '摘要', entities: '个实体', lines: '行数', messages: '消息数', title: '标题',
};

// What a limit or its unit is called; `message 2` is one of several.
export function nameLimit(words, name) {
  if (words !== CHINESE) return name;
  return CHINESE_LIMITS[name] ?? name.replace(/^message (\d+)$/, '第 $1 条消息');
}

export const chooseWords = (lang) => (/^zh\b/i.test(lang) ? CHINESE : ENGLISH);
