# frozen_string_literal: true

# Runs the steps that scripts/test_clients gives it. Usage: ruby steps.rb STEPS SECRET-FILE

require "digest"
require "json"
require_relative "dstok"

STEPS, SECRET = ARGV.map { |path| File.read(path, encoding: "UTF-8") }

def start
  dstok = Dstok.new(ENV.fetch("DSTOK"))
  dstok.call("configure", secret: SECRET.delete_suffix("\n"))
  dstok
end

# Sends many calls at once, each with an actor of its own, and yields them one by one.
def send_all(dstok, step)
  Array.new(step[:count]) do |number|
    actor = step[:method] == "create_token" ? { actor_id: "user-#{number}" } : {}
    dstok.submit(step[:method], **step[:params], **actor)
  rescue Dstok::Ended => e
    Dstok::Call.new(nil).tap { |call| call.finish(e) }
  end
end

def death(step)
  dstok = Dstok.new(ENV.fetch("DSTOK_MORTAL"))
  failures = send_all(dstok, step).map do |call|
    call.value && nil
  rescue Dstok::Ended => e
    e.message
  end
  later = begin
    dstok.call("ping")
  rescue Dstok::Ended => e
    e.message
  end
  dstok.close
  { answered: failures.count(nil), failed: failures.compact.size, message: failures.last, later: }
end

def restart(step)
  dstok = start
  calls = send_all(dstok, step)
  status = dstok.close
  { answered: calls.count(&:value), exit: status.exitstatus }
end

def run(dstok, step)
  case step[:do]
  when "call" then dstok.call(step[:method], **step[:params])
  when "ordered" then dstok.call(step[:method], **step[:params], step[:member].to_sym => step[:pairs].to_h)
  when "notify"
    dstok.notify(step[:method], **step[:params])
    run(dstok, { do: "call", **step[:then] })
  when "pipeline" then Digest::SHA256.hexdigest(send_all(dstok, step).map { |call| "#{call.value}\n" }.join)
  when "death" then death(step)
  when "restart" then restart(step)
  end
end

dstok = start
JSON.parse(STEPS, symbolize_names: true).each do |step|
  outcome = begin
    { result: run(dstok, step) }
  rescue Dstok::Error => e
    { error: { code: e.code, kind: e.kind, message: e.message, param: e.param } }
  end
  puts JSON.generate({ name: step[:name], **outcome })
  $stdout.flush
end
dstok.close
