# frozen_string_literal: true

require "json"

# A client of `dstok serve` for Ruby 3. It needs the standard library alone.
#
# One object is one process. Any number of threads can call it at once.
class Dstok
  # An error that dstok answers. `kind` is stable; the message is for people.
  class Error < StandardError
    attr_reader :code, :kind, :param

    def initialize(error)
      super(error["message"])
      @code = error["code"]
      @kind, @param = error["data"]&.values_at("kind", "param")
    end
  end

  # The process has ended before it answered.
  class Ended < StandardError; end

  # A call that has been sent.
  class Call
    attr_reader :id

    def initialize(id)
      @id = id
      @outcome = Thread::Queue.new
    end

    # Waits for the result. Raises Error or Ended.
    def value
      @value ||= @outcome.pop
      raise @value if @value.is_a?(StandardError)

      @value.first
    end

    def finish(outcome) = @outcome.push(outcome)
  end

  # Starts `command serve *options`. Secrets don't belong in the options, which other users can read.
  # Raises SystemCallError if the process can't start.
  def initialize(command = "dstok", *options)
    # dstok would sign with a secret that it inherits, until `configure` brings another one.
    environment = { "DATASETTE_SECRET" => nil, "DSTOK_OLD_SECRETS" => nil }
    # UTF-8, whatever the locale is.
    @pipe = IO.popen([environment, command, "serve", *options], "r+", encoding: "UTF-8")
    # The reader never takes the first lock: it must go on while a write waits.
    @writing = Mutex.new
    @state = Mutex.new
    @last_id = 0
    @calls = [] # answers come in the order of the calls
    @reader = Thread.new { read }
  end

  # Calls a method and returns its result. Raises Error or Ended.
  def call(method, **params) = submit(method, **params).value

  # Sends a call, so that many can be in flight.
  def submit(method, **params)
    @writing.synchronize do
      call = Call.new(@last_id += 1)
      line = to_line(id: call.id, method:, params:)
      @state.synchronize do
        raise Ended, @ended if @ended

        @calls << call
      end
      write(line)
      call
    end
  end

  # Sends a request that gets no answer. You don't learn whether it failed.
  def notify(method, **params)
    @writing.synchronize { write(to_line(method:, params:)) }
  end

  # Closes stdin and waits. Calls in flight are answered. Returns the Process::Status.
  def close
    @writing.synchronize { @pipe.close_write unless @pipe.closed? }
    @reader.value.tap { @pipe.close }
  end

  private

  def to_line(**request) = "#{JSON.generate({ jsonrpc: '2.0', **request })}\n"

  # If the pipe is broken or closed, the reader tells the calls how the process ended.
  def write(line)
    @pipe.write(line)
  rescue Errno::EPIPE, IOError
    nil
  end

  # Returns the Process::Status.
  def read
    begin
      @pipe.each_line("\n") { |line| answer(JSON.parse(line)) }
    rescue JSON::ParserError, TypeError, NoMethodError
      Process.kill(:KILL, @pipe.pid) # it isn't dstok
    end
    # Only close() closes the pipe, as another thread may still write.
    _, status = Process.wait2(@pipe.pid)
    finish(status)
  end

  def answer(answer)
    call = @state.synchronize do
      # The answer to a line that is too long has no ID.
      raise TypeError unless [@calls.first.id, nil].include?(answer["id"])

      @calls.shift
    end
    call.finish(answer["error"] ? Error.new(answer["error"]) : [answer["result"]])
  end

  def finish(status)
    how = status.signaled? ? "killed by signal #{status.termsig}" : "exit code #{status.exitstatus}"
    calls = @state.synchronize do
      @ended = "dstok ended: #{how}"
      @calls
    end
    calls.each { |call| call.finish(Ended.new(@ended)) }
    status
  end
end
